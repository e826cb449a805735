"""What botkit costs, as ratios to floors and rivals measured in the same run."""
