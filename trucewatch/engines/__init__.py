"""Where the same functions run: on one machine, or on several."""
