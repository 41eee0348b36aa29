"""Columnar inner loops, written once in plain Python and compiled for large inputs; no words of the field in here."""
