"""Tests of KEMI scripts without a server: a strict fake of KSR, and what sends requests through a script."""
