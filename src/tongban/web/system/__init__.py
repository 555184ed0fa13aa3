"""The door of the three administrators (`/system/`): each has a part of their own, and none sees a case."""
