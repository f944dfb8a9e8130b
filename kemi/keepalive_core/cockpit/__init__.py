"""What operators see over HTTP, in one process; it is there only with KEEPALIVE_HTTP or KEEPALIVE_WEBHOOK.

Here alone aiohttp and prometheus_client are imported, and no other process knows of this folder. ``process``
turns the loop, ``http_sockets`` opens the sockets, ``web`` says which path is whose.
"""
