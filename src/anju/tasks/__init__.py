"""What is done without anybody waiting: tasks in a queue, the schedule, the drop folder, and workers that may die at any moment."""
