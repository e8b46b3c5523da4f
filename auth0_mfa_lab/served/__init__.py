"""What a served tenant shows in the lab's own way: the journal of what applications say, and its routes."""
