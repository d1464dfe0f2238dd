"""Files of arrays that are whole or not there, and the lock that processes share while they make one."""
