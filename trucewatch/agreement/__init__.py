"""The agreement: the law as data. Plain text in, with every term saying who says so; nothing of it is code."""
