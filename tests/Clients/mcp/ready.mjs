// Ends at once: whoever runs it wants the packages to be installed.
