// An app with the official SDK for Go: one function for each kind of step.
//
//	app URL PORT       serves on a port
//	app URL connect    opens a WebSocket to the pod
//
// With CHECKPOINT=1 it tells the pod of each step while its call goes on.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/inngest/inngest/pkg/enums"
	"github.com/inngest/inngestgo"
	"github.com/inngest/inngestgo/group"
	"github.com/inngest/inngestgo/pkg/checkpoint"
	"github.com/inngest/inngestgo/realtime"
	"github.com/inngest/inngestgo/step"
)

type data = map[string]any
type event = inngestgo.Input[data]

var (
	lock sync.Mutex
	seen = map[string]int{}
)

// count says how often it was called with this name.
func count(name string) int {
	lock.Lock()
	defer lock.Unlock()
	seen[name]++
	return seen[name]
}

func counted(name string) func(context.Context) (int, error) {
	return func(context.Context) (int, error) { return count(name), nil }
}

type app struct {
	client inngestgo.Client
	url    string
	// other is a server that fetches and models are asked of.
	other string
}

// on has a function called for an event of its name.
func (a app) on(id string, handle inngestgo.SDKFunction[data], more ...func(*inngestgo.FunctionOpts)) {
	a.when(id, "go/"+id, nil, handle, more...)
}

func (a app) when(id, name string, expression *string, handle inngestgo.SDKFunction[data], more ...func(*inngestgo.FunctionOpts)) {
	options := inngestgo.FunctionOpts{ID: id}
	for _, each := range more {
		each(&options)
	}
	if _, err := inngestgo.CreateFunction(a.client, options, inngestgo.EventTrigger(name, expression), handle); err != nil {
		log.Fatal(err)
	}
}

func retries(n int) func(*inngestgo.FunctionOpts) {
	return func(options *inngestgo.FunctionOpts) { options.Retries = &n }
}

// limited has every limit that runs can have beside each other.
func limited(options *inngestgo.FunctionOpts) {
	minute, id := time.Minute+500*time.Millisecond, inngestgo.StrPtr("event.data.id")
	options.Throttle = &inngestgo.ConfigThrottle{Limit: 5, Period: minute, Key: id}
	options.RateLimit = &inngestgo.ConfigRateLimit{Limit: 1, Period: minute, Key: id}
	options.Priority = &inngestgo.ConfigPriority{Run: inngestgo.StrPtr("event.data.id == 'x' ? 100 : 0")}
	options.Timeouts = &inngestgo.ConfigTimeouts{Finish: &minute}
	options.Concurrency = []inngestgo.ConfigStepConcurrency{{Limit: 3, Key: id, Scope: enums.ConcurrencyScopeFn}}
	options.Idempotency = id
	options.Singleton = &inngestgo.ConfigSingleton{Key: id, Mode: enums.SingletonModeSkip}
}

func (a app) register() {
	a.on("serial", func(ctx context.Context, input event) (any, error) {
		first, _ := step.Run(ctx, "a", counted("a"))
		step.Sleep(ctx, "z", time.Second)
		second, _ := step.Run(ctx, "b", func(context.Context) (data, error) { return data{"data": count("b")}, nil })
		again, _ := step.Run(ctx, "b", counted("b"))
		return data{"a": first, "b": second, "again": again, "seen": input.Event.Data["n"]}, nil
	})
	a.on("until", func(ctx context.Context, input event) (any, error) {
		step.SleepUntil(ctx, "z", time.UnixMilli(input.Event.Timestamp).Add(time.Second))
		return time.Now().UnixMilli() - input.Event.Timestamp, nil
	})
	a.on("wait", func(ctx context.Context, input event) (any, error) {
		got, err := step.WaitForEvent[inngestgo.Event](ctx, "w", step.WaitForEventOpts{
			Event: "go/resume", If: inngestgo.StrPtr("event.data.id == async.data.id"), Timeout: time.Hour,
		})
		if err != nil {
			return nil, err
		}
		_, err = step.WaitForEvent[inngestgo.Event](ctx, "v", step.WaitForEventOpts{Event: "go/never", Timeout: time.Second})
		return data{"got": got.Data, "isNone": errors.Is(err, step.ErrEventNotReceived)}, nil
	})
	a.on("signal", func(ctx context.Context, input event) (any, error) {
		got, err := step.WaitForSignal[data](ctx, "w", step.WaitForSignalOpts{Signal: "go go", Timeout: time.Hour})
		if err != nil {
			return nil, err
		}
		_, err = step.WaitForSignal[data](ctx, "v", step.WaitForSignalOpts{Signal: "go never", Timeout: time.Second})
		return data{"got": got, "isNone": errors.Is(err, step.ErrSignalNotReceived)}, nil
	})
	a.on("twice", func(ctx context.Context, input event) (any, error) {
		return 2 * input.Event.Data["n"].(float64), nil
	})
	a.on("fails", func(ctx context.Context, input event) (any, error) {
		count("fails")
		return nil, inngestgo.NoRetryError(errors.New("nope"))
	})
	a.on("invoke", func(ctx context.Context, input event) (any, error) {
		n, err := step.Invoke[int](ctx, "i", step.InvokeOpts{FunctionId: "go-twice", Data: data{"n": 21}})
		if err != nil {
			return nil, err
		}
		_, failed := step.Invoke[int](ctx, "j", step.InvokeOpts{FunctionId: "go-fails"})
		_, missing := step.Invoke[int](ctx, "k", step.InvokeOpts{FunctionId: "go-none"})
		_, late := step.Invoke[int](ctx, "l", step.InvokeOpts{FunctionId: "go-asleep", Timeout: time.Second})
		return data{"n": n, "failed": told(failed), "missing": told(missing), "late": told(late)}, nil
	})
	a.on("asleep", func(ctx context.Context, input event) (any, error) {
		step.Sleep(ctx, "z", time.Hour)
		return nil, nil
	}, func(options *inngestgo.FunctionOpts) {
		options.Cancel = []inngestgo.ConfigCancel{{Event: "go/stop", If: inngestgo.StrPtr("event.data.id == async.data.id")}}
	})
	a.on("send", func(ctx context.Context, input event) (any, error) {
		one, err := step.Send(ctx, "s", inngestgo.Event{Name: "go/sent", Data: data{"n": 7}})
		if err != nil {
			return nil, err
		}
		many, err := step.SendMany(ctx, "m", []inngestgo.Event{
			{Name: "go/batch", Data: data{"n": 1}}, {Name: "go/batch", Data: data{"n": 2}},
		})
		return append([]string{one}, many...), err
	})
	a.on("sent", func(ctx context.Context, input event) (any, error) { return input.Event.Data["n"], nil })
	a.on("batch", func(ctx context.Context, input event) (any, error) {
		numbers := []any{}
		for _, each := range input.Events {
			numbers = append(numbers, each.Data["n"])
		}
		return numbers, nil
	}, func(options *inngestgo.FunctionOpts) {
		options.BatchEvents = &inngestgo.ConfigBatchEvents{MaxSize: 2, Timeout: time.Minute}
	})
	a.on("limited", func(ctx context.Context, input event) (any, error) { return "within", nil }, limited)
	a.registerErrors()
	a.registerParallel()
	a.registerAsked()
	a.registerPublishing()
}

func (a app) registerErrors() {
	a.on("flaky", func(ctx context.Context, input event) (any, error) {
		return step.Run(ctx, "f", func(context.Context) (int, error) {
			if n := count("flaky"); n < 3 {
				return n, errors.New("boom")
			}
			return count("flaky"), nil
		})
	})
	// Beside its error a step has a value, as functions in Go do.
	a.on("caught", func(ctx context.Context, input event) (any, error) {
		before, _ := step.Run(ctx, "a", counted("caught a"))
		value, err := step.Run(ctx, "f", func(context.Context) (data, error) {
			return data{"tries": count("caught")}, errors.New("boom")
		})
		after, _ := step.Run(ctx, "b", counted("caught b"))
		isStepError := errors.Is(err, inngestgo.StepError{})
		return data{"before": before, "value": value, "error": told(err), "isStepError": isStepError, "after": after}, nil
	}, retries(1))
	a.on("final", func(ctx context.Context, input event) (any, error) {
		_, err := step.Run(ctx, "f", func(context.Context) (any, error) {
			count("final")
			return nil, inngestgo.NoRetryError(errors.New("never"))
		})
		return data{"error": told(err), "tries": seen["final"]}, nil
	})
	a.on("uncaught", func(ctx context.Context, input event) (any, error) {
		return step.Run(ctx, "f", func(context.Context) (int, error) { return 0, errors.New("out of range") })
	}, retries(0))
	isUncaught := "event.data.function_id == 'go-uncaught'"
	a.when("on-failure", "inngest/function.failed", &isUncaught, func(ctx context.Context, input event) (any, error) {
		failed := input.Event.Data
		return data{"error": failed["error"], "event": failed["event"].(data)["data"], "function": failed["function_id"]}, nil
	})
	a.on("again", func(ctx context.Context, input event) (any, error) {
		if input.InputCtx.Attempt == 0 {
			return nil, errors.New("not yet")
		}
		return input.InputCtx.Attempt, nil
	})
	a.on("retry-at", func(ctx context.Context, input event) (any, error) {
		begun := time.Now().UnixMilli()
		first, _ := step.Run(ctx, "first", func(context.Context) (int64, error) { return begun, nil })
		return step.Run(ctx, "f", func(context.Context) (int64, error) {
			if count("retry-at") == 1 {
				return 0, inngestgo.RetryAtError(errors.New("busy"), time.Now().Add(3*time.Second))
			}
			return time.Now().UnixMilli() - first, nil
		})
	})
	a.on("panics", func(ctx context.Context, input event) (any, error) {
		if input.InputCtx.Attempt == 0 {
			panic("oh")
		}
		return "calm", nil
	})
}

func (a app) registerParallel() {
	a.on("parallel", func(ctx context.Context, input event) (any, error) {
		results := group.Parallel(ctx,
			func(ctx context.Context) (any, error) { return step.Run(ctx, "a", counted("parallel a")) },
			func(ctx context.Context) (any, error) { return step.Run(ctx, "b", counted("parallel b")) },
			func(ctx context.Context) (any, error) {
				step.Sleep(ctx, "z", time.Second)
				return "awake", nil
			},
			func(ctx context.Context) (any, error) {
				return step.Invoke[int](ctx, "i", step.InvokeOpts{FunctionId: "go-twice", Data: data{"n": 2}})
			},
		)
		after, _ := step.Run(ctx, "after", counted("parallel after"))
		values := []any{}
		for _, each := range results {
			values = append(values, each.Value)
		}
		return data{"values": values, "after": after}, results.AnyError()
	})
	a.on("parallel-fails", func(ctx context.Context, input event) (any, error) {
		results := group.Parallel(ctx,
			func(ctx context.Context) (any, error) { return step.Run(ctx, "a", counted("fails a")) },
			func(ctx context.Context) (any, error) {
				return step.Run(ctx, "b", func(context.Context) (int, error) { return count("fails b"), errors.New("boom") })
			},
		)
		return data{"a": results[0].Value, "b": results[1].Value, "error": told(results.AnyError())}, nil
	}, retries(1))
	a.on("race", func(ctx context.Context, input event) (any, error) {
		results := group.ParallelWithOpts(ctx, group.ParallelOpts{ParallelMode: enums.ParallelModeRace},
			func(ctx context.Context) (any, error) {
				return step.Run(ctx, "a", counted("race a"))
			},
			func(ctx context.Context) (any, error) {
				return step.Run(ctx, "b", counted("race b"))
			},
		)
		return data{"a": results[0].Value, "b": results[1].Value}, results.AnyError()
	})
}

func (a app) registerAsked() {
	a.on("fetch", func(ctx context.Context, input event) (any, error) {
		got, err := step.Fetch[string](ctx, "f", step.FetchOpts{
			URL: a.other + "/json", Method: "POST", Headers: map[string]string{"x-mine": "yes"}, Body: `{"n":1}`,
		})
		if err != nil {
			return nil, err
		}
		_, err = step.Fetch[string](ctx, "g", step.FetchOpts{URL: "http://10.0.0.1/"})
		return data{"status": got.StatusCode, "body": got.Body, "error": told(err)}, nil
	})
	a.on("infer", func(ctx context.Context, input event) (any, error) {
		return step.Infer[data, data](ctx, "ask", step.InferOpts[data]{
			Opts: step.InferRequestOpts{URL: a.other + "/ai", AuthKey: "secret", Format: step.InferFormatOpenAIChat},
			Body: data{"model": "m", "messages": []data{{"role": "user", "content": "hi"}}},
		})
	})
}

func (a app) registerPublishing() {
	a.on("publish", func(ctx context.Context, input event) (any, error) {
		return step.Run(ctx, "p", func(ctx context.Context) (any, error) {
			return "said", realtime.PublishWithURL(ctx, a.url+"/v1/realtime/publish", "go", "news", []byte(`{"n":1}`))
		})
	})
}

func told(err error) any {
	if err == nil {
		return nil
	}
	return err.Error()
}

func main() {
	url, where := os.Args[1], os.Args[2]
	options := inngestgo.ClientOpts{
		AppID:           "go",
		APIBaseURL:      &url,
		EventAPIBaseURL: &url,
		Dev:             inngestgo.BoolPtr(os.Getenv("INNGEST_SIGNING_KEY") == ""),
		AllowInBandSync: inngestgo.BoolPtr(os.Getenv("OUT_OF_BAND") == ""),
	}
	if os.Getenv("CHECKPOINT") != "" {
		options.Checkpoint = checkpoint.ConfigSafe
	}
	client, err := inngestgo.NewClient(options)
	if err != nil {
		log.Fatal(err)
	}
	app{client: client, url: url, other: os.Getenv("OTHER")}.register()
	if where == "connect" {
		if _, err := inngestgo.Connect(context.Background(), inngestgo.ConnectOpts{Apps: []inngestgo.Client{client}}); err != nil {
			log.Fatal(err)
		}
		select {}
	}
	http.Handle("/api/inngest", client.Serve())
	fmt.Println(http.ListenAndServe("127.0.0.1:"+where, nil))
}
