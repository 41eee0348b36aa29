"""What one could use instead of Trucewatch, put to the same questions, each in the best form that we found for it."""
