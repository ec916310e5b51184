package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/config"
)

const (
	// defaultRedirect is an address of this very machine, on which nothing answers: what the provider adds to it stays in the
	// browser. With https, because some providers take nothing else.
	defaultRedirect = "https://localhost/"
	maxPasted       = 16 << 10 // bytes
)

func loginCommand(o *options) *cobra.Command {
	var redirect string
	var scopes []string
	c := &cobra.Command{
		Use:   "login INSTANCE",
		Short: "Let a person consent in a browser, and keep what the provider gives for it",
		Long: "Prints the page of the provider to open. Whoever agrees there is sent to an address on this machine, where nothing answers:\n" +
			"that address, with the code in it, is pasted here, and the code is exchanged for a secret that is kept sealed.\n" +
			"No public address is needed, and the browser may be on another machine.",
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if u, err := url.Parse(redirect); err != nil || u.Scheme == "" || u.Host == "" {
				return &exit{exitUsage, errors.New("--redirect is not an address: write it as it is registered at the provider, like " + defaultRedirect)}
			}
			cl, err := o.connect()
			if err != nil {
				return err
			}
			id, err := theOne(cl.config, args[0])
			if err != nil {
				return errors.Join(err, cl.close())
			}
			ask := func(p *api.LoginPage) (string, error) { return consent(c.Context(), id, redirect, p) }
			var who *api.Checked
			if cl.running {
				who, err = cl.login(c.Context(), id, redirect, scopes, ask)
			} else if err = cl.close(); err == nil {
				who, err = o.loginOnce(c.Context(), id, redirect, scopes, ask)
			}
			if err != nil {
				return err
			}
			fmt.Println("The login is kept.")
			return printChecks([]api.Checked{*who}, "table")
		},
	}
	c.Flags().StringVar(&redirect, "redirect", defaultRedirect, "the redirect address that is registered at the provider, exactly")
	c.Flags().StringArrayVar(&scopes, "scope", nil, "a scope to ask for; repeat it for more (default: those the connector needs to read)")
	return c
}

// theOne is the one instance that is meant.
func theOne(c *config.Config, arg string) (string, error) {
	chosen, err := chooser(c, []string{arg})
	if err != nil {
		return "", err
	}
	var ids []string
	for _, i := range c.Instances {
		if chosen(i.ID()) {
			ids = append(ids, i.ID())
		}
	}
	if len(ids) != 1 {
		return "", &exit{exitUsage, fmt.Errorf("%q means several instances: write one of %s", arg, strings.Join(ids, ", "))}
	}
	return ids[0], nil
}

// login goes through the running agent.
func (cl *client) login(ctx context.Context, id, redirect string, scopes []string, ask func(*api.LoginPage) (string, error)) (*api.Checked, error) {
	var page api.LoginPage
	if err := cl.tell(ctx, "/v1/login/begin", api.LoginBegin{Instance: id, Redirect: redirect, Scopes: scopes}, &page); err != nil {
		return nil, err
	}
	pasted, err := ask(&page)
	if err != nil {
		return nil, err
	}
	who := &api.Checked{}
	err = cl.tell(ctx, "/v1/login/finish", api.LoginFinish{Instance: id, State: page.State, Pasted: pasted}, who)
	return who, err
}

func (o *options) loginOnce(ctx context.Context, id, redirect string, scopes []string, ask func(*api.LoginPage) (string, error)) (*api.Checked, error) {
	d, err := o.newDaemon(true)
	if err != nil {
		return nil, err
	}
	return d.LoginOnce(ctx, id, redirect, scopes, ask)
}

// consent shows the page, and takes what came of it.
func consent(ctx context.Context, id, redirect string, p *api.LoginPage) (string, error) {
	if p.Login != id {
		fmt.Printf("%s uses the login of %s.\n", id, p.Login)
	}
	fmt.Printf("%s\n\n  %s\n\nThe address you are sent to begins with %s: it must be registered at the provider (--redirect names another).\n",
		printable(p.Instructions), printable(p.URL), redirect)
	fmt.Print("Paste it here: ")
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	restore := func() {}
	if terminal := int(os.Stdin.Fd()); term.IsTerminal(terminal) {
		if state, err := term.GetState(terminal); err == nil {
			restore = func() { _ = term.Restore(terminal, state) }
		}
		go func() {
			b, err := term.ReadPassword(terminal) // what is pasted is not shown: it has the code in it
			read <- line{string(b), err}
		}()
	} else {
		go func() {
			text, err := bufio.NewReader(io.LimitReader(os.Stdin, maxPasted+1)).ReadString('\n')
			if errors.Is(err, io.EOF) {
				err = nil
			}
			read <- line{text, err}
		}()
	}
	select {
	case l := <-read:
		fmt.Println()
		return strings.TrimSpace(l.text), l.err
	case <-ctx.Done(): // the read goes on until this process ends
		restore()
		fmt.Println()
		return "", ctx.Err()
	}
}
