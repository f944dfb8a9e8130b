"""The way to Kamailio and its process: KSR, its tables and log, and its sockets, asked of the kernel."""
