// pgserve is the entrypoint of the development cluster's PostgreSQL image: `pgserve postgres [OPTION...]`.
//
// It understands the official image's POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB and PGDATA, so one manifest serves
// both. An empty data folder is initialised beside its final place and moved there when complete: a pod killed half way
// starts over instead of finding half a database.
package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

const programs = "/opt/postgres/bin/"

func main() {
	data := cmp.Or(os.Getenv("PGDATA"), "/var/lib/postgresql/18/docker")
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); os.IsNotExist(err) {
		if err := initialise(data); err != nil {
			fmt.Fprintf(os.Stderr, "initialising %s failed: %v\n", data, err)
			os.Exit(1)
		}
	}
	options := os.Args[1:]
	if len(options) > 0 && options[0] == "postgres" {
		options = options[1:]
	}
	command := append([]string{"postgres", "-D", data}, options...)
	fmt.Fprintf(os.Stderr, "exec %s: %v\n", command[0], syscall.Exec(programs+"postgres", command, os.Environ()))
	os.Exit(1)
}

func initialise(data string) error {
	user := cmp.Or(os.Getenv("POSTGRES_USER"), "postgres")
	database := cmp.Or(os.Getenv("POSTGRES_DB"), user)
	password := os.Getenv("POSTGRES_PASSWORD")
	if password == "" {
		return fmt.Errorf("POSTGRES_PASSWORD is not set")
	}
	making := data + ".making"
	if err := os.RemoveAll(making); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(data), 0o755); err != nil {
		return err
	}
	// The password goes through standard input, so that it is never on disk in the clear.
	err := run(password+"\n", "initdb", "-D", making, "--username="+user, "--pwfile=/dev/stdin",
		"--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C",
		"--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions")
	if err != nil {
		return err
	}
	if database != "postgres" {
		create := `CREATE DATABASE "` + strings.ReplaceAll(database, `"`, `""`) + "\";\n"
		if err := run(create, "postgres", "--single", "-D", making, "-j", "postgres"); err != nil {
			return err
		}
	}
	if err := appendTo(filepath.Join(making, "pg_hba.conf"), "host all all all scram-sha-256\n"); err != nil {
		return err
	}
	if err := appendTo(filepath.Join(making, "postgresql.conf"), "listen_addresses = '*'\n"); err != nil {
		return err
	}
	return os.Rename(making, data)
}

func run(input, program string, args ...string) error {
	c := exec.Command(programs+program, args...)
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(input), os.Stdout, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	return nil
}

func appendTo(file, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
