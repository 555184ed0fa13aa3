"""Every write of feedback, story by story."""
