package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Pod is a pod and a key for it. Its procedures are in docs/rest.md.
type Pod struct {
	URL, Key string
	cause    string
}

// CausedBy is the pod, called because of an event: what changes stands below it in the pod's tree of causes.
func (p Pod) CausedBy(eventID string) Pod {
	p.cause = eventID
	return p
}

// Call calls a procedure, and reads its answer into output unless that is nil. An error has the pod's own sentence.
func (p Pod) Call(ctx context.Context, procedure string, input, output any) error {
	body, err := json.Marshal(input)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/api/"+procedure, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("authorization", "Bearer "+p.Key)
	request.Header.Set("content-type", "application/json")
	if p.cause != "" {
		request.Header.Set("synap-caused-by", p.cause)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		var problem struct{ Detail string }
		_ = json.NewDecoder(response.Body).Decode(&problem)
		return fmt.Errorf("%s: %s: %s", procedure, response.Status, problem.Detail)
	}
	if output == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(output)
}
