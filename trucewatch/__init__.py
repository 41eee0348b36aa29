"""Trucewatch: which clause was broken, where, when, how sure are we, and on whose word."""
