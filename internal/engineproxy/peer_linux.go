package engineproxy

import (
	"io/fs"
	"net"
	"os"
	"syscall"
)

// pidOf is the process at the other end of a connection; 0 where it is not known.
func pidOf(conn *net.UnixConn) int {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	pid := 0
	if err := raw.Control(func(fd uintptr) {
		if who, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil {
			pid = int(who.Pid)
		}
	}); err != nil {
		return 0
	}
	return pid
}

func chownLike(name string, info fs.FileInfo) error {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return os.Chown(name, int(stat.Uid), int(stat.Gid))
	}
	return nil
}
