package esa

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"
	"unicode"
)

const (
	// commandLimit is the time limit of a command.
	commandLimit = time.Minute
	// commandKept is how long a set without an expiration is kept.
	commandKept = 5 * time.Minute
	// commandsApart is the minimum time between two runs while the set is valid: a command with a cache prints the same
	// set until it expires.
	commandsApart = 10 * time.Second
	// stderrLimit is more than the part of stderr that is shown.
	stderrLimit = 4 << 10
)

// fromCommand returns a source that runs the command of a profile of mode External. The library would show the whole
// output if it is more than one JSON object, and run the command for every call if it prints no expiration.
func fromCommand(command string) (source, error) {
	arguments, err := splitCommand(command, runtime.GOOS == "windows")
	if err != nil {
		return nil, unusable("profile", err)
	}
	return &kept{kind: "external", undated: commandKept, apart: commandsApart, fetch: func(ctx context.Context, _ time.Time) (keys, error) {
		output, err := runCommand(ctx, arguments)
		if err == nil {
			var set keys
			if set, err = readCommand(output); err == nil {
				return set, nil
			}
		}
		return keys{}, sourceError{error: fmt.Errorf("profile: the external command %q %w", arguments[0], err)}
	}}, nil
}

// runCommand returns what the command prints. The error continues a sentence that begins with the command's name.
func runCommand(ctx context.Context, arguments []string) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	output, complaint := &bounded{limit: answerLimit}, &bounded{limit: stderrLimit, tolerant: true}
	run := exec.CommandContext(limited, arguments[0], arguments[1:]...) //nolint:gosec // The user's profile names the program: that is what the mode is for.
	run.Stdout, run.Stderr = output, complaint
	// Child processes may keep the pipes open.
	run.WaitDelay = time.Second
	err := run.Run()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return output.taken, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		return nil, fmt.Errorf("did not end within %v", commandLimit)
	case output.overrun:
		return nil, fmt.Errorf("printed more than %d MiB", answerLimit>>20)
	case run.ProcessState == nil:
		return nil, fmt.Errorf("cannot be started: %w", reasonOfStart(err))
	}
	printed, _ := commandObject(output.taken)
	if said := redact(firstLine(complaint.taken), printed.AccessKeySecret, printed.STSToken); said != "" {
		return nil, fmt.Errorf("failed (%w): %s", err, said)
	}
	return nil, fmt.Errorf("failed (%w)", err)
}

// reasonOfStart returns the error without the command's name, which the message already contains.
func reasonOfStart(err error) error {
	if execErr := new(exec.Error); errors.As(err, &execErr) {
		return execErr.Err
	}
	return reason(err)
}

// firstLine returns the first line that is not empty, fit for a message.
func firstLine(text []byte) string {
	const most = 200
	for line := range strings.Lines(strings.ToValidUTF8(string(text), "\uFFFD")) {
		line = strings.TrimSpace(strings.Map(func(r rune) rune {
			if unicode.IsPrint(r) {
				return r
			}
			return ' '
		}, line))
		if cut := []rune(line); len(cut) > most {
			line = string(cut[:most]) + "… (cut)"
		}
		if line != "" {
			return line
		}
	}
	return ""
}

// commandKeys is the output of a command.
type commandKeys struct {
	Mode            string `json:"mode"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
	STSToken        string `json:"sts_token"`
	Expiration      string `json:"expiration"`
}

// readCommand returns the set that a command printed. Lines before and after the JSON object are ignored, as programs
// announce their newer versions on stdout. The error contains nothing of the output.
func readCommand(output []byte) (keys, error) {
	printed, found := commandObject(output)
	switch {
	case !found:
		return keys{}, errors.New("printed no JSON object. It must print one with access_key_id, access_key_secret and, for temporary keys, sts_token and expiration")
	case printed.AccessKeyID == "" || printed.AccessKeySecret == "":
		return keys{}, errors.New("printed a JSON object without access_key_id or without access_key_secret")
	case printed.Mode == "StsToken" && printed.STSToken == "":
		return keys{}, errors.New("printed a JSON object of mode StsToken without sts_token")
	}
	set := keys{accessKey: printed.AccessKeyID, secretKey: printed.AccessKeySecret, securityToken: printed.STSToken}
	if printed.Expiration != "" {
		var err error
		if set.expires, err = time.Parse(time.RFC3339, printed.Expiration); err != nil {
			return keys{}, errors.New("printed an invalid expiration; the format is 2026-01-02T15:04:05Z")
		}
	}
	return set, nil
}

// commandObject returns the first JSON object with an access key, or else the first one.
func commandObject(output []byte) (first commandKeys, found bool) {
	for line := 0; line < len(output); {
		rest := output[line:]
		if text := bytes.TrimLeft(rest, " \t\ufeff"); len(text) > 0 && text[0] == '{' {
			var printed commandKeys
			if json.NewDecoder(bytes.NewReader(text)).Decode(&printed) == nil {
				if printed.AccessKeyID != "" {
					return printed, true
				}
				if !found {
					first, found = printed, true
				}
			}
		}
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			break
		}
		line += end + 1
	}
	return first, found
}

// splitCommand splits a command line as the Alibaba Cloud CLI's library does: at white space, with quotes, and with
// the backslashes of a shell, except on Windows, where they separate the folders of a path.
func splitCommand(command string, windows bool) ([]string, error) {
	var (
		arguments []string
		current   strings.Builder
		started   bool // also by empty quotes
		quote     rune // 0 outside quotes
	)
	text := []rune(strings.TrimSpace(command))
	for i := 0; i < len(text); i++ {
		r := text[i]
		var next rune
		if i+1 < len(text) {
			next = text[i+1]
		}
		switch {
		case quote == 0 && unicode.IsSpace(r):
			if started {
				arguments = append(arguments, current.String())
				current.Reset()
				started = false
			}
			continue
		case quote == 0 && (r == '"' || r == '\''):
			quote, started = r, true
			continue
		case r == quote:
			quote = 0
			continue
		case r == '\\' && isEscape(quote, next, windows):
			if next == 0 {
				return nil, errors.New("process_command ends with a backslash")
			}
			i++
			if next == '\n' {
				continue
			}
			r = next
		}
		current.WriteRune(r)
		started = true
	}
	if quote != 0 {
		return nil, fmt.Errorf("process_command has a quote %c that is not closed", quote)
	}
	if started {
		arguments = append(arguments, current.String())
	}
	if len(arguments) == 0 || arguments[0] == "" {
		return nil, errors.New("process_command is empty")
	}
	return arguments, nil
}

// isEscape reports whether a backslash escapes next.
func isEscape(quote, next rune, windows bool) bool {
	switch {
	case quote == '\'':
		return false
	case windows:
		return quote == '"' && next == '"'
	case quote == '"':
		return strings.ContainsRune("\"\\$`\n", next)
	}
	return true
}

// bounded is a buffer with a limit. Beyond it, a tolerant buffer drops what is written. Others return an error, which
// ends the program that writes.
type bounded struct {
	taken    []byte
	limit    int
	tolerant bool
	overrun  bool
}

var errOverrun = errors.New("more than the limit")

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	room := min(b.limit-len(b.taken), len(p))
	b.taken = append(b.taken, p[:room]...)
	if room < len(p) && !b.tolerant {
		b.overrun = true
		return room, errOverrun
	}
	return len(p), nil
}
