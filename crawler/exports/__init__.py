"""Exports: one module a format, and how a whole one comes under its name."""
