"""What is told behind an agreement: who met whom, what was announced, who objected, and on whose word.

attribution  from the outlet that tells it to the root that it names
positions    how a party is said to stand to something
statements   `talks.yml`: meetings, agreements, announcements, channels
cases        all of it for one audience, and the answers to questions about it
"""
