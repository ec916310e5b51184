package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Limits of a conversation.
const (
	maxTries       = 3       // wrong answers to one question
	maxAnswerBytes = 4 << 10 // of one line
)

// questions asks for what the flags do not say. from is nil where nobody can answer.
type questions struct {
	from *bufio.Reader
	to   io.Writer
}

func newLines(in io.Reader) *bufio.Reader { return bufio.NewReaderSize(in, maxAnswerBytes) }

// ask asks until take accepts the answer. No answer is def.
func (q *questions) ask(question, def string, take func(string) error) error {
	var err error
	for range maxTries {
		if def != "" {
			_, _ = fmt.Fprintf(q.to, "%s [%s]: ", question, def)
		} else {
			_, _ = fmt.Fprintf(q.to, "%s: ", question)
		}
		line, wrong := q.from.ReadSlice('\n')
		if wrong != nil && !errors.Is(wrong, io.EOF) {
			return fmt.Errorf("reading the answer: %w", wrong)
		}
		answer := strings.TrimSpace(string(line))
		if answer == "" {
			answer = def
		}
		if err = take(answer); err == nil {
			return nil
		}
		_, _ = fmt.Fprintln(q.to, printable(err.Error()))
		if wrong != nil { // there will be no other
			return err
		}
	}
	return err
}

// want gives the words for what to read.
func (q *questions) want(c *choice, given []string) ([]string, error) {
	if len(given) > 0 {
		return given, nil
	}
	if q.from == nil {
		return nil, &exit{exitUsage, fmt.Errorf("say what to read: --for %s, or some of %s", wantAll, c.words())}
	}
	_, _ = fmt.Fprintf(q.to, "%s. There is:\n", printable(c.of.GetDoc()))
	var rows [][]string
	for _, o := range c.offers() {
		rows = append(rows, []string{o.word, o.what})
	}
	columns(q.to, rows)
	var words []string
	err := q.ask("What do you want? Words with commas between", wantAll, func(answer string) error {
		words = strings.FieldsFunc(answer, func(r rune) bool { return r == ',' || r == ' ' })
		return c.want(words)
	})
	return words, err
}

func (q *questions) method(c *choice, given string) (*wire.CredentialMethod, error) {
	methods := c.methods()
	if given != "" || q.from == nil || len(methods) < 2 {
		return c.methodNamed(given)
	}
	_, _ = fmt.Fprintln(q.to, "\nHow shall the agent authenticate?")
	var rows [][]string
	for n, m := range methods {
		rows = append(rows, []string{strconv.Itoa(n + 1), m.GetName(), m.GetDoc()})
	}
	columns(q.to, rows)
	var chosen *wire.CredentialMethod
	err := q.ask("Number or name", methods[0].GetName(), func(answer string) (err error) {
		if n, wrong := strconv.Atoi(answer); wrong == nil && n > 0 && n <= len(methods) {
			chosen = methods[n-1]
			return nil
		}
		chosen, err = c.methodNamed(answer)
		return err
	})
	return chosen, err
}

func (q *questions) name(given string) (string, error) {
	if given != "" || q.from == nil {
		if given == "" {
			given = defaultName
		}
		return given, nil
	}
	var name string
	err := q.ask("\nName of the instance", defaultName, func(answer string) error {
		name = answer
		return nil
	})
	return name, err
}

// values asks for what the block cannot do without. Who gives none finds the place in the block.
func (q *questions) values(c *choice) error {
	if q.from == nil {
		return nil
	}
	ask := func(name, doc string) error {
		if _, given := c.values[name]; given {
			return nil
		}
		question := name
		if doc != "" {
			question += " (" + printable(doc) + ")"
		}
		return q.ask(question, "", func(answer string) error {
			if answer != "" {
				c.values[name] = answer
			}
			return nil
		})
	}
	for _, s := range c.of.GetSettings() {
		if s.GetRequired() && s.GetDefault() == "" {
			if err := ask(s.GetName(), s.GetDoc()); err != nil {
				return err
			}
		}
	}
	for _, f := range c.method.GetFields() {
		if !f.GetSecret() && !f.GetKept() {
			if err := ask(f.GetName(), f.GetDoc()); err != nil {
				return err
			}
		}
	}
	return nil
}
