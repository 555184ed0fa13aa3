"""What the whole house stands on and no table lives in: refusals, ids, numbers, working time, crypto."""
