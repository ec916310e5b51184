package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/mooring-hq/mooring/sdk"
)

// maxReasonBytes is how much is shown of why the door does not open.
const maxReasonBytes = 300

// throughDoor opens a connection by way of the agent's egress door, which speaks HTTP CONNECT on a unix socket.
func (n *network) throughDoor(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, n.wait)
	defer cancel()
	conn, err := n.open.DialContext(ctx, "unix", n.door)
	if err != nil {
		return nil, &sdk.Error{Type: sdk.ErrUnavailable, Message: "the agent's egress door cannot be reached"}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = knock(conn, address)
	if !stop() && err == nil {
		err = &sdk.Error{Type: sdk.ErrUnavailable, Message: "the agent's egress door did not answer in time"}
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

func knock(conn net.Conn, address string) error {
	_, err := fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", address, address)
	if err != nil {
		return &sdk.Error{Type: sdk.ErrUnavailable, Message: "the agent's egress door hung up"}
	}
	r := bufio.NewReader(io.LimitReader(conn, MaxHeaderBytes))
	res, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
	if err != nil {
		return &sdk.Error{Type: sdk.ErrUnavailable, Message: "the agent's egress door did not answer as expected"}
	}
	defer func() { _ = res.Body.Close() }()
	switch {
	case res.StatusCode == http.StatusOK && r.Buffered() == 0:
		return nil
	case res.StatusCode == http.StatusOK:
		return &sdk.Error{Type: sdk.ErrUnavailable, Message: "the agent's egress door said more than expected"}
	}
	e := &sdk.Error{Type: sdk.ErrBlocked, Status: res.StatusCode, Message: "the agent's egress door refuses " + address + reason(res)}
	if res.StatusCode >= 500 {
		e.Type, e.Message = sdk.ErrUnavailable, "the agent's egress door cannot reach "+address+reason(res)
	}
	return e
}

// reason is the door's own text, in printable characters.
func reason(res *http.Response) string {
	text, _ := io.ReadAll(io.LimitReader(res.Body, maxReasonBytes))
	plain := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, string(text))
	if plain = strings.TrimSpace(plain); plain == "" {
		return ""
	}
	return ": " + plain
}
