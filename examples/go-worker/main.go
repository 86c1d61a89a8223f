// A worker: when a note is made, each of its open items ("- [ ] buy milk") becomes a task.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"

	"github.com/inngest/inngestgo"
	"github.com/inngest/inngestgo/step"
)

// NoteMade is of the data of note.creation.completed what is read here.
type NoteMade struct {
	EntityID string `json:"entityId"`
}

var openItem = regexp.MustCompile(`(?m)^- \[ \] (.+)$`)

// makeTasks makes a task of each open item of a note. What is between steps may run any number of times; what is in a
// step runs until it has answered, and never after.
func makeTasks(pod Pod) inngestgo.SDKFunction[NoteMade] {
	return func(ctx context.Context, input inngestgo.Input[NoteMade]) (any, error) {
		cause := *input.Event.ID
		items, err := step.Run(ctx, "read the note", func(ctx context.Context) ([]string, error) {
			var note struct{ Content string }
			err := pod.Call(ctx, "notes.get", map[string]any{"id": input.Event.Data.EntityID}, &note)
			return openItems(note.Content), err
		})
		if err != nil {
			return nil, err
		}
		// Each is a step of its own: what was made is not made again, whatever happens.
		for index, title := range items {
			_, err := step.Run(ctx, fmt.Sprintf("make task %d", index), func(ctx context.Context) (any, error) {
				// Where this process dies before it says that the task is made, the same key comes again.
				task := map[string]any{"title": title, "idempotencyKey": fmt.Sprintf("make-tasks:%s:%d", cause, index)}
				if err := pod.CausedBy(cause).Call(ctx, "tasks.create", task, nil); err != nil {
					return nil, err
				}
				fmt.Printf("made the task %q\n", title)
				return nil, nil
			})
			if err != nil {
				return nil, err
			}
		}
		return map[string]int{"made": len(items)}, nil
	}
}

func openItems(content string) []string {
	items := []string{}
	for _, match := range openItem.FindAllStringSubmatch(content, -1) {
		items = append(items, match[1])
	}
	return items
}

func main() {
	log.SetFlags(0)
	pod := Pod{URL: setting("SYNAP_URL", "http://127.0.0.1:4400"), Key: os.Getenv("SYNAP_KEY")}
	if err := serve(pod, "127.0.0.1:"+setting("PORT", "3000")); err != nil {
		log.Fatal(err)
	}
}

// serve answers the pod's calls at an address, and says to the pod where that is.
func serve(pod Pod, address string) error {
	client, err := inngestgo.NewClient(inngestgo.ClientOpts{
		AppID:           "go-worker",
		APIBaseURL:      &pod.URL,
		EventAPIBaseURL: &pod.URL,
		// In development the pod asks for no keys; otherwise INNGEST_SIGNING_KEY and INNGEST_EVENT_KEY say whose this is.
		Dev: inngestgo.BoolPtr(os.Getenv("INNGEST_SIGNING_KEY") == ""),
		// Asked by the pod, it answers with its functions.
		AllowInBandSync: inngestgo.BoolPtr(true),
	})
	if err != nil {
		return err
	}
	noteMade := inngestgo.EventTrigger("note.creation.completed", nil)
	if _, err := inngestgo.CreateFunction(client, inngestgo.FunctionOpts{ID: "make-tasks"}, noteMade, makeTasks(pod)); err != nil {
		return err
	}
	http.Handle("/api/inngest", client.Serve())
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- http.Serve(listener, nil) }()

	// The pod asks a worker to register, not the other way round: so we ask the pod to.
	var asked struct {
		IsRegistered bool
		Problem      string
	}
	app := map[string]any{"url": "http://" + address + "/api/inngest"}
	if err := pod.Call(context.Background(), "apps.sync", app, &asked); err != nil {
		return err
	}
	if asked.IsRegistered {
		fmt.Println("working for", pod.URL)
	} else {
		fmt.Println("not registered:", asked.Problem)
	}
	return <-ended
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
