"""What holds when: a market's rules as versions in force, its declared series, members' terms."""
