"""What starts runners, follows them, and enters how they ended when they cannot."""
