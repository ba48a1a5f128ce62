"""Following jobs: what is new in their folders and in the queue, for any number of readers in one thread."""
