"""Sign-in of staff, and what each keeps of their own: password, second factor, sessions."""
