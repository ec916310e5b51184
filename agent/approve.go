package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/action"
	"github.com/mooring-hq/mooring/agent/internal/api"
)

func approveCommand(o *options) *cobra.Command {
	in := &api.ActionRequest{}
	c := &cobra.Command{
		Use:   "approve ID",
		Short: "Let an action that waits be carried out, exactly as its plan says",
		Long: "Its author cannot approve it. Should the target be another by then, it waits anew. An approval ends after a day.\n" +
			"--plan makes sure that you approve the plan that you saw.",
		Example: "  mooring actions --state waiting\n  mooring approve k3pq --plan 7xq2c",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.onIntent(c.Context(), args[0], "approve", in, true)
		},
	}
	c.Flags().StringVar(&in.Plan, "plan", "", "hash of the plan that you saw")
	return c
}

func rejectCommand(o *options) *cobra.Command {
	in := &api.ActionRequest{}
	c := &cobra.Command{
		Use:     "reject ID",
		Short:   "End an action that waits",
		Example: "  mooring reject k3pq --reason 'the file is meant to be public'",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.onIntent(c.Context(), args[0], "reject", in, false)
		},
	}
	c.Flags().StringVar(&in.Reason, "reason", "", "why, for the audit log")
	return c
}

func undoCommand(o *options) *cobra.Command {
	in := &api.ActionRequest{}
	c := &cobra.Command{
		Use:   "undo ID",
		Short: "Take back what an action did, as far as that reaches",
		Long: "What an undo does not bring back stands in the plan of the action: `mooring actions ID`. When somebody else changed the target\n" +
			"since, nothing is done.",
		Example: "  mooring undo k3pq --reason 'a mistake'",
		Args:    arguments(1, 1),
		RunE:    func(c *cobra.Command, args []string) error { return o.onIntent(c.Context(), args[0], "undo", in, true) },
	}
	c.Flags().StringVar(&in.Reason, "reason", "", "why, for the audit log")
	return c
}

func settleCommand(o *options) *cobra.Command {
	in := &api.ActionRequest{}
	var not bool
	c := &cobra.Command{
		Use:     "settle ID",
		Short:   "Say what became of an action that is stuck, after a look at the provider",
		Example: "  mooring actions settle k3pq --done --reason 'seen in the admin console'",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if in.Done == not {
				return &exit{exitUsage, fmt.Errorf("was it done? Write --done or --not-done")}
			}
			return o.onIntent(c.Context(), args[0], "settle", in, false)
		},
	}
	c.Flags().BoolVar(&in.Done, "done", false, "it was done")
	c.Flags().BoolVar(&not, "not-done", false, "it was not done")
	c.Flags().StringVar(&in.Reason, "reason", "", "how you know, for the audit log")
	return c
}

// onIntent tells the agent what a person says of one.
func (o *options) onIntent(ctx context.Context, id, verb string, in *api.ActionRequest, follow bool) error {
	cl, err := o.connect()
	if err != nil {
		return err
	}
	defer func() { _ = cl.close() }()
	var i action.Intent
	if err := cl.tell(ctx, "/v1/actions/"+url.PathEscape(id)+"/"+verb, in, &i); err != nil {
		return err
	}
	if follow {
		return cl.follow(ctx, &i, "table")
	}
	fmt.Printf("%s  %s\n", i.ID, i.State)
	return nil
}

func stopActionsCommand(o *options) *cobra.Command {
	in := &api.ActionRequest{}
	c := &cobra.Command{
		Use:   "stop",
		Short: "Hold all actions of all instances back, at once",
		Long:  "What is on its way is not called back. The file actions.stopped in the data directory does the same, while no agent answers.",
		Args:  arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return o.switchActions(c.Context(), "stop", in, "no action leaves until `mooring actions resume`")
		},
	}
	c.Flags().StringVar(&in.Reason, "reason", "", "why, for those who wonder")
	return c
}

func resumeActionsCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "resume",
		Short: "Let actions leave again",
		Args:  arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return o.switchActions(c.Context(), "resume", &api.ActionRequest{}, "actions leave again")
		},
	}
}

func (o *options) switchActions(ctx context.Context, verb string, in *api.ActionRequest, said string) error {
	cl, err := o.connect()
	if err != nil {
		return err
	}
	defer func() { _ = cl.close() }()
	if err := cl.post(ctx, "/v1/actions/"+verb, in); err != nil {
		return err
	}
	fmt.Println(said)
	return nil
}

// post is tell where there is nothing to read.
func (cl *client) post(ctx context.Context, path string, in any) error {
	body, err := encoded(in)
	if err != nil {
		return err
	}
	res, err := cl.send(ctx, http.MethodPost, path, body)
	if err != nil {
		return err
	}
	return res.Body.Close()
}
