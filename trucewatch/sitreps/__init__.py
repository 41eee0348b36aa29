"""Sitreps: the situation report of a period for an audience: what is counted, how it is told, where it is written."""
