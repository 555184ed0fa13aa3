"""Staff, their posts and roles, tokens and sign-in."""
