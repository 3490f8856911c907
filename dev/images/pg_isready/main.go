// pg_isready answers, like PostgreSQL's own, whether a server accepts connections: exit 0 when it does, 1 while it
// starts or stops, 2 when nothing answers. The archive our PostgreSQL image is made from has no client programs.
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

const (
	accepting = iota
	refusing
	silent
)

func main() {
	host := flag.String("h", "127.0.0.1", "host")
	port := flag.String("p", "5432", "port")
	user := flag.String("U", "postgres", "user")
	database := flag.String("d", "postgres", "database")
	flag.Bool("q", false, "say nothing (it never does)")
	flag.Parse()
	os.Exit(ask(net.JoinHostPort(*host, *port), *user, *database))
}

func ask(address, user, database string) int {
	c, err := net.DialTimeout("tcp", address, 3*time.Second)
	if err != nil {
		return silent
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(3 * time.Second)); err != nil {
		return silent
	}
	if _, err := c.Write(startup(user, database)); err != nil {
		return silent
	}
	return verdict(bufio.NewReader(c))
}

// startup is protocol 3.0's first message: length, version, and pairs of C strings.
func startup(user, database string) []byte {
	pairs := "user\x00" + user + "\x00database\x00" + database + "\x00\x00"
	m := binary.BigEndian.AppendUint32(nil, uint32(8+len(pairs)))
	m = binary.BigEndian.AppendUint32(m, 3<<16)
	return append(m, pairs...)
}

// verdict reads the first answer. Any but "cannot connect now" shows a server that talks to clients, wrong password,
// unknown database and all.
func verdict(answer *bufio.Reader) int {
	kind, err := answer.ReadByte()
	if err != nil {
		return silent
	}
	if kind != 'E' {
		return accepting
	}
	length := make([]byte, 4)
	if _, err := io.ReadFull(answer, length); err != nil {
		return silent
	}
	// The length counts itself.
	fields := make([]byte, max(4, min(binary.BigEndian.Uint32(length), 1<<16))-4)
	if _, err := io.ReadFull(answer, fields); err != nil {
		return silent
	}
	if strings.Contains(string(fields), "C57P03\x00") {
		return refusing
	}
	return accepting
}
