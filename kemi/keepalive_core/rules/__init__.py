"""Decisions: time and evidence come in, what follows goes out. No KSR, no clock, no file, no log."""
