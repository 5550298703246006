"""The words every room shares: dates and periods, money in fen, levels, working days, the viewer."""
