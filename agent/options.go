package main

import (
	"fmt"
	"os"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/term"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/daemon"
)

// options of every command.
type options struct {
	config   string
	logLevel string
	logJSON  bool
}

func (o *options) path() string { return config.Locate(o.config) }

// load reads the configuration with all its errors.
func (o *options) load() (*config.Config, *daemon.Locks, error) { return daemon.Load(o.path()) }

// logger writes to standard error; what the configuration says counts unless a flag says otherwise.
func (o *options) logger(c *config.Config) hclog.Logger {
	level, json := o.logLevel, o.logJSON
	if c != nil {
		if level == "" {
			level = c.Agent.LogLevel
		}
		json = json || c.Agent.LogFormat == "json"
	}
	color := hclog.ColorOff
	if isTerminal(os.Stderr) {
		color = hclog.AutoColor
	}
	return hclog.New(&hclog.LoggerOptions{Name: "mooring", Level: hclog.LevelFromString(level), JSONFormat: json, Output: os.Stderr, Color: color})
}

// newDaemon builds the agent of this configuration.
func (o *options) newDaemon(quiet bool) (*daemon.Daemon, error) {
	c, _, err := o.load()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the agent's own program: %w", err)
	}
	if quiet && o.logLevel == "" {
		c.Agent.LogLevel = "off" // what it came to is printed at the end
	}
	return daemon.New(daemon.Options{Config: o.path(), Self: self, Version: version(), Logger: o.logger(c)})
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
