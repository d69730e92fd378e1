"""What a run found, as documents: for people on the terminal and in a browser, for machines as JSON and JUnit."""
