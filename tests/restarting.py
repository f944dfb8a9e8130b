"""What is left of a fake server behind a restart: its state file."""

from conftest import FakeServer


def write_state_file(server: FakeServer) -> None:
    """Let the process that writes the file do so."""
    from keepalive_core.services import state_writer

    writer = state_writer.Writer()
    while writer.go_on():
        pass


def stop(server: FakeServer) -> None:
    """Stop the server: its memory is gone."""
    for rows in server.ksr.tables.values():
        rows.clear()
    for queue in server.ksr.queues.values():
        queue.clear()
