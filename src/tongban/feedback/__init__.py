"""What people say about the service, and what is done about it: ratings (F4), complaints (F5), guidance (F6).

Read `states`, then `rules`, then `operations`. Whoever rates stays unnamed: a rating keeps no name, and clerks read
figures and words without number or day.
"""
