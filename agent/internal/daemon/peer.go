package daemon

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/mooring-hq/mooring/agent/internal/api"
)

// withPeer says in the context of a connection who is at the other end of the socket, as the kernel knows it.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	cred, err := peerOf(c)
	if err != nil {
		return ctx // who asks is not known then, and may only read
	}
	return api.WithAuthor(ctx, nameOf(loginUID(cred)))
}

func peerOf(c net.Conn) (*unix.Ucred, error) {
	conn, ok := c.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("%T is no socket", c)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	var cred *unix.Ucred
	var failed error
	if err := raw.Control(func(fd uintptr) {
		cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return nil, err
	}
	return cred, failed
}

const notLoggedIn = 1<<32 - 1 // what the kernel calls the login of what no login started

// loginUID is who logged in, where the kernel keeps that: it stays when they become root or the agent's user. Else it is
// the user of the process. Only these two can open the socket at all.
func loginUID(cred *unix.Ucred) uint32 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(int(cred.Pid)) + "/loginuid")
	if err != nil {
		return cred.Uid
	}
	uid, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	if err != nil || uid == notLoggedIn {
		return cred.Uid
	}
	return uint32(uid)
}

// nameOf is the login name of a user; one that has no name is written as a number.
func nameOf(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil && u.Username != "" {
		return u.Username
	}
	return "uid " + id
}
