"""Who calls and what they may do: tokens and rights."""
