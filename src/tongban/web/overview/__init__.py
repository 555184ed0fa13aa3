"""The overview (`/overview/`): the door of authorities and of the coordination group. One file a story."""
