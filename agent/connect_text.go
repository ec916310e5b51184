package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const noteWidth = 110 // characters of a line

func section(w io.Writer, title string) {
	_, _ = fmt.Fprintln(w)
	for _, line := range wrap(title+":", noteWidth) {
		_, _ = fmt.Fprintln(w, line)
	}
}

// item writes a numbered line.
func item(w io.Writer, n int, text string) {
	head := fmt.Sprintf("%3d. ", n)
	for _, line := range wrap(text, noteWidth-len(head)) {
		_, _ = fmt.Fprintln(w, head+line)
		head = strings.Repeat(" ", len(head))
	}
}

// columns writes rows; the last column is wrapped.
func columns(w io.Writer, rows [][]string) {
	const most = 34 // a wider cell stands alone on its line
	var widths []int
	for _, r := range rows {
		for i, cell := range r[:len(r)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], min(utf8.RuneCountInString(printable(cell)), most))
		}
	}
	for _, r := range rows {
		line, indent := "  ", "  "
		for i, cell := range r[:len(r)-1] {
			cell = printable(cell)
			line += cell + strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(cell), 0)) + "  "
			indent += strings.Repeat(" ", widths[i]+2)
		}
		if utf8.RuneCountInString(line) > utf8.RuneCountInString(indent) {
			_, _ = fmt.Fprintln(w, strings.TrimRight(line, " "))
			line = indent
		}
		for _, text := range wrap(r[len(r)-1], noteWidth-len(indent)) {
			_, _ = fmt.Fprintln(w, line+text)
			line = indent
		}
	}
}

// wrap breaks text at spaces into lines of at most width characters, but for longer words, and takes out what a terminal
// or a file would not show as text.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(printable(text)) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
