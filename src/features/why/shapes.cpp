#include "features/why/shapes.h"

namespace synap::features::why {

const ObjectSchema<Link>& describe(Type<Link>) {
  static const auto schema =
      object<Link>("WhyLink")
          .field("kind", &Link::kind,
                 one_of({"event", "message", "run", "agent", "step", "model", "actor"}),
                 "event: of the log. message: an event of a chat. run: of a function, which wrote "
                 "the event before. agent: a run of an agent, which decided on it. step: of that "
                 "run, which called the procedure. model: the call of a model whose answer asked "
                 "for it. actor: who began it all.")
          .field("id", &Link::id, string(),
                 "Of the event, run, step, call or key. Of a run of an agent: its own.")
          .field("name", &Link::name, string(),
                 "An event's type, a run's function, an agent, a step's procedure, a model, a "
                 "message's role; of an actor what it is: key, run or agent.")
          .field("at", &Link::at, string().datetime())
          .field("position", &Link::position, integer().min(1), "Of an event.")
          .field("source", &Link::source, string(), "Of an event: api, agent, system, ...")
          .field("key", &Link::key, string(), "Of an event that a key has made: its id.")
          .field("reason", &Link::reason, string(),
                 "Of an event: why it was asked for, in the words of whoever asked (Synap-Reason, "
                 "or a model's own of its call). Absent: nobody said it.")
          .field("text", &Link::text, string(), "The beginning of a message.")
          .field("provider", &Link::provider, string(), "Of a model.")
          .field("answeredBy", &Link::answered_by, string(),
                 "The version of the model that says to have answered.")
          .field("requestHash", &Link::request_hash, string(),
                 "SHA-256 of what a model was sent, hexadecimal.")
          .field("sources", &Link::sources, array(string().uuid()),
                 "Of a step: the things that tools had given its run before, by their recorded "
                 "results.")
          .field("declaredSources", &Link::declared_sources, array(string().uuid()),
                 "Of a step: those of them, or of what it was asked with, on which the call rests, "
                 "as the model has said. Absent: it said nothing.")
          .field("onBehalfOf", &Link::on_behalf_of, string(), "The user whom an actor stands for.")
          .field("damaged", &Link::is_damaged, boolean(), "True: the event is damaged on disk.")
          .field(
              "trusting", &Link::is_trusting, boolean(),
              "Of a run of an agent, true: it asked nobody, since the person who began it trusts "
              "what is read in that thread (chat.trust).");
  return schema;
}

const ObjectSchema<Why>& describe(Type<Why>) {
  static const auto schema =
      object<Why>("Why")
          .field("entityId", &Why::entity_id, string().uuid())
          .field("entityType", &Why::entity_type, string())
          .field("version", &Why::version, integer().min(1), "Absent: it is deleted.")
          .field("links", &Why::links, array(schema_of<Link>()),
                 "Each led to the one before it. The first is the event that made the version.")
          .field("cut", &Why::is_cut, boolean(), "True: there is more than can be told at once.");
  return schema;
}

}  // namespace synap::features::why
