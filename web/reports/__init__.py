"""Reports of the queues: a day, a week or a month, its intervals and agents, and the calls behind each number."""
