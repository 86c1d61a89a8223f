import type { TRPCBuiltRouter, TRPCDefaultErrorData, TRPCErrorShape, TRPCMutationProcedure, TRPCQueryProcedure, TRPCSubscriptionProcedure } from "@trpc/server";
export interface DisableAgent {
    /** 1 to 64 characters. */
    agent: string;
}
export interface EnableAgent {
    /** 1 to 64 characters. */
    agent: string;
    /** Of one that begins by a schedule: another cron expression than its own, as "TZ=Europe/Berlin 0 7 * * *". 1 to 255 characters. */
    schedule?: string | undefined;
}
export interface ForkAgentInput {
    /** The run of an agent. A UUID. */
    id: string;
    /** The number of one of its checkpoints: the new run begins there. At least 0. */
    checkpoint: number;
    /** Fields of the state that are to be others than they were there. Default {}. */
    state?: Record<string, unknown> | undefined;
    /** A repeat with the same key forks nothing again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
    /** Of a graph within the graph, as agents.watch tells it of its states: the checkpoint is one of that. At most 16 items, each at most 200 characters. */
    path?: string[] | undefined;
}
export interface AgentRunId {
    /** A UUID. */
    id: string;
}
export interface ResumeAgent {
    /** The run of the agent. A UUID. */
    id: string;
    /** Which of its questions is answered; absent: the only one. 1 to 256 characters. */
    questionId?: string | undefined;
    /** What the agent goes on with. */
    answer: unknown;
}
export interface ListAgentRunsInput {
    /** 1 to 100; default 50. */
    limit?: number | undefined;
    /** The nextBefore of the page before. At least 1. */
    before?: number | undefined;
    /** 1 to 64 characters. */
    agent?: string | undefined;
}
export interface StartAgentInput {
    /** One of agents.list. 1 to 64 characters. */
    agent: string;
    /** As the agent takes it, at most 128 KiB of JSON. Default {}. */
    input?: Record<string, unknown> | undefined;
    /** A repeat with the same key starts nothing again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface WatchAgent {
    /** The run of the agent. A UUID. */
    id: string;
    /** Go on behind the last state that was told before it: pieces of texts behind that may be told again. */
    lastEventId?: string | null | undefined;
}
export interface WorkerAppAddress {
    /** Where the app is served: http://127.0.0.1:3000/api/inngest 1 to 2000 characters. */
    url: string;
}
export interface Thought {
    /** Whatever it is. 1 to 20000 characters. */
    text: string;
    /** A repeat with the same key captures nothing again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface ChatThreadId {
    /** A UUID. */
    id: string;
}
export interface ExecuteChatAction {
    /** A UUID. */
    threadId: string;
    /** Of the thread: what the action follows from. A UUID. */
    messageId: string;
    actionType: "note.create" | "task.create" | "task.complete" | "project.create" | "search.semantic";
    /** The input of the procedure; of task.complete {taskId}. project.create takes tasks besides, 50 at most: inputs of tasks.create, or titles. search.semantic is search.query, by meaning. */
    actionParams: Record<string, unknown>;
}
export interface GetChatThreadInput {
    /** A UUID. */
    id: string;
    /** So many messages of a branch, the newest. 1 to 200; default 100. */
    limit?: number | undefined;
    /** The nextBefore of the page before. At least 1. */
    before?: number | undefined;
    /** A message: the branch in which it is, up to the newest that follows it. Absent: that of the newest of all. A UUID. */
    through?: string | undefined;
}
export interface RenameChatThread {
    /** A UUID. */
    id: string;
    /** That it has from now on. 1 to 200 characters. */
    title: string;
}
export interface SendChatMessage {
    /** Absent: a new thread begins. A UUID. */
    threadId?: string | undefined;
    /** Absent: the message parentId, which is yours, is answered once more. 1 to 20000 characters. */
    text?: string | undefined;
    /** The message of the thread that this one follows: where another does already, a branch begins. The thread's own id: it begins the thread anew. Absent: the newest. A UUID. */
    parentId?: string | undefined;
    /** A repeat with the same key sends nothing again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface ListChatThreadsInput {
    /** 1 to 100; default 50. */
    limit?: number | undefined;
    /** The nextBefore of the page before. At least 1. */
    before?: number | undefined;
}
export interface TrustChatThread {
    /** A UUID. */
    id: string;
    /** What a model asks for is done at once; false: it waits for you again. */
    trusted: boolean;
}
export interface CopyGraphThread {
    /** 1 to 512 characters. */
    sourceThreadId: string;
    /** Another one. What it has already stays as it is. 1 to 512 characters. */
    targetThreadId: string;
}
export interface GraphRunNames {
    /** At most 100 items, each 1 to 512 characters. */
    runIds: string[];
}
export interface GraphThreadName {
    /** 1 to 512 characters. */
    threadId: string;
}
export interface GetCheckpointInput {
    /** 1 to 512 characters. */
    threadId: string;
    /** Of a subgraph; empty: of the graph itself. At most 4096 characters; default "". */
    checkpointNs?: string | undefined;
    /** Absent: the newest. 1 to 256 characters. */
    checkpointId?: string | undefined;
}
export interface ListCheckpointsInput {
    /** Absent: of all your threads. 1 to 512 characters. */
    threadId?: string | undefined;
    /** Absent: of all. At most 4096 characters. */
    checkpointNs?: string | undefined;
    /** 1 to 256 characters. */
    checkpointId?: string | undefined;
    /** Ids smaller than this. 1 to 256 characters. */
    before?: string | undefined;
    /** Labels and their values; all must be the same. Default {}. */
    filter?: Record<string, unknown> | undefined;
    /** 1 to 100; default 20. */
    limit?: number | undefined;
    /** The nextCursor of the page before. 1 to 8000 characters. */
    cursor?: string | undefined;
}
export interface PruneGraphThreadsInput {
    /** At most 100 items, each 1 to 512 characters. */
    threadIds: string[];
    /** keep_latest: the newest checkpoint of each namespace stays, with those that its delta channels follow from. Default "keep_latest". */
    strategy?: "keep_latest" | "delete" | undefined;
}
export interface TypedValue {
    /** Of the serializer, as json. 1 to 64 characters. */
    type: string;
    /** base64url, without padding. At most 14000000 characters. */
    bytes: string;
}
export interface ChannelValue {
    /** 1 to 512 characters. */
    channel: string;
    /** 1 to 128 characters. */
    version: string;
    /** Of the serializer. 1 to 64 characters. */
    type: string;
    /** base64url, without padding. At most 14000000 characters. */
    bytes: string;
}
export interface PutCheckpointInput {
    /** 1 to 512 characters. */
    threadId: string;
    /** Of a subgraph; empty: of the graph itself. At most 4096 characters; default "". */
    checkpointNs?: string | undefined;
    /** Grows from one to the next. 1 to 256 characters. */
    checkpointId: string;
    /** 1 to 256 characters. */
    parentCheckpointId?: string | undefined;
    /** By which deleteRuns finds it. 1 to 512 characters. */
    runId?: string | undefined;
    /** Without the values of its channels. */
    checkpoint: TypedValue;
    metadata: TypedValue;
    /** What of the metadata a list can be filtered by. Default {}. */
    labels?: Record<string, unknown> | undefined;
    /** Of all its channels. Default {}. */
    versions?: Record<string, string> | undefined;
    /** Those that are new. Each is kept once a version. At most 1000 items; default []. */
    values?: ChannelValue[] | undefined;
    /** Whose value follows from writes of checkpoints before: prune keeps these. At most 1000 items, each 1 to 512 characters; default []. */
    deltaChannels?: string[] | undefined;
}
export interface CheckpointWrite {
    /** Its place among the task's; below 0: special ones, which replace those before. -1000 to 1000000. */
    index: number;
    /** 1 to 512 characters. */
    channel: string;
    /** Of the serializer. 1 to 64 characters. */
    type: string;
    /** base64url, without padding. At most 14000000 characters. */
    bytes: string;
}
export interface PutCheckpointWritesInput {
    /** 1 to 512 characters. */
    threadId: string;
    /** Of a subgraph; empty: of the graph itself. At most 4096 characters; default "". */
    checkpointNs?: string | undefined;
    /** 1 to 256 characters. */
    checkpointId: string;
    /** 1 to 512 characters. */
    taskId: string;
    /** Orders the writes of one step. At most 4096 characters; default "". */
    taskPath?: string | undefined;
    /** At most 10000 items. */
    writes: CheckpointWrite[];
}
export interface DiscardDeadLettersInput {
    /** Of one run. Or a filter: A UUID. */
    id?: string | undefined;
    /** Its id, its name, or its name in its app where only one of your apps has it. 1 to 400 characters. */
    function?: string | undefined;
    /** Of the error, as deadLetters.groups. */
    name?: string | undefined;
    /** Of the error, the whole. */
    message?: string | undefined;
    /** Queued then or later. A time, ISO 8601. */
    from?: string | undefined;
    /** Queued before. A time, ISO 8601. */
    to?: string | undefined;
    /** True, where no filter is meant. */
    all?: boolean | undefined;
    /** At most so many in one call. 1 to 5000; default 1000. */
    limit?: number | undefined;
    /** The nextCursor of the call before. A UUID. */
    cursor?: string | null | undefined;
}
export interface AskForGroups {
    /** Its id, its name, or its name in its app where only one of your apps has it. 1 to 400 characters. */
    function?: string | undefined;
}
export interface ReplayDeadLettersInput {
    /** Of one run. Or a filter: A UUID. */
    id?: string | undefined;
    /** Its id, its name, or its name in its app where only one of your apps has it. 1 to 400 characters. */
    function?: string | undefined;
    /** Of the error, as deadLetters.groups. */
    name?: string | undefined;
    /** Of the error, the whole. */
    message?: string | undefined;
    /** Queued then or later. A time, ISO 8601. */
    from?: string | undefined;
    /** Queued before. A time, ISO 8601. */
    to?: string | undefined;
    /** True, where no filter is meant. */
    all?: boolean | undefined;
    /** At most so many in one call. 1 to 5000; default 1000. */
    limit?: number | undefined;
    /** The nextCursor of the call before. A UUID. */
    cursor?: string | null | undefined;
    /** With id, for functions of apps: the dead letter is put away, and its function invoked with these data instead of its event's. */
    data?: Record<string, unknown> | undefined;
}
export interface CreateEntity {
    /** One that you have defined: x.book. 1 to 64 characters. */
    type: string;
    /** As the schema of its type says, 256 KiB at most. An update gives the members that change; null takes one away. */
    data: Record<string, unknown>;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface DeleteEntity {
    /** A UUID. */
    id: string;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface GetEntity {
    /** A UUID. */
    id: string;
    /** As it was in this version. At least 1. */
    version?: number | undefined;
}
export interface GetEntityHistoryInput {
    /** A UUID. */
    id: string;
    /** 1 to 200; default 50. */
    limit?: number | undefined;
    /** Only versions before this one: the nextBefore of the page before. At least 1. */
    before?: number | undefined;
}
export interface ListEntitiesInput {
    /** Only those of this type; absent: of all. At most 64 characters. */
    type?: string | undefined;
    /** Only those where one field is this, as {"status":"open"}; null: where it is absent. One that the type declares. */
    filter?: Record<string, unknown> | undefined;
    /** createdAt, or a field that the type declares, with a filter: a pair that it declares. A minus: the largest first. What has no such field is the smallest. 1 to 65 characters; default "-createdAt". */
    sort?: string | undefined;
    /** 1 to 100; default 20. */
    limit?: number | undefined;
    /** The nextCursor of the page before. At most 1000 characters. */
    cursor?: string | null | undefined;
}
export interface RestoreEntity {
    /** A UUID. */
    id: string;
    /** The one to go back to. At least 1. */
    version: number;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface UpdateEntity {
    /** A UUID. */
    id: string;
    /** As the schema of its type says, 256 KiB at most. An update gives the members that change; null takes one away. */
    data?: Record<string, unknown> | undefined;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface EntityTypeList {
    /** 1 to 64 characters. */
    filter: string;
    /** 1 to 64 characters. */
    sort: string;
}
export interface DefineEntityTypeInput {
    /** x.<name> At most 64 characters. */
    name: string;
    /** JSON Schema 2020-12 of the data, at most 64 KiB and 200 properties. */
    schema: Record<string, unknown>;
    /** Properties by which entities.list filters: of one type, and at the top. At most 8 items, each 1 to 64 characters; default []. */
    filters?: string[] | undefined;
    /** Properties by which it sorts all entities of the type. At most 8 items, each 1 to 64 characters; default []. */
    sorts?: string[] | undefined;
    /** Pairs of a filter and a sort that it takes together. With filters and sorts 16 at most. At most 8 items; default []. */
    lists?: EntityTypeList[] | undefined;
    /** The property that is the title of a thing. Absent: title, or else name. 1 to 64 characters. */
    title?: string | undefined;
    /** For those who show it: a sign, or the name of one. 1 to 64 characters. */
    icon?: string | undefined;
}
export interface GetEntityType {
    /** At most 64 characters. */
    name: string;
    /** Absent: the newest. At least 1. */
    version?: number | undefined;
}
export interface RemoveEntityType {
    /** At most 64 characters. */
    name: string;
}
export interface GetEventType {
    /** At most 128 characters. */
    name: string;
    /** Absent: the newest. At least 1. */
    version?: number | undefined;
}
export interface RegisterEventType {
    /** x.<noun>.<what> At most 128 characters. */
    name: string;
    /** JSON Schema 2020-12 of the data, at most 64 KiB. */
    schema: Record<string, unknown>;
}
export interface GetEvent {
    /** A UUID. */
    id: string;
}
export interface ListEventsInput {
    /** Only events at greater positions: the nextAfter of the page before. At least 0; default 0. */
    after?: number | undefined;
    /** Only events at smaller positions: the nextBefore of the page before. At least 1. */
    before?: number | undefined;
    /** asc: the oldest first. desc: the newest first. Default "asc". */
    order?: "asc" | "desc" | undefined;
    /** 1 to 1000; default 100. */
    limit?: number | undefined;
    /** Only events of these types; note.* is all that begin with "note.". At most 100 items, each 1 to 128 characters. */
    types?: string[] | undefined;
    /** A UUID. */
    aggregateId?: string | undefined;
    /** A UUID. */
    correlationId?: string | undefined;
    /** Only events that follow from this command. A UUID. */
    requestId?: string | undefined;
    /** Only events of this user. Everybody is told their own alone: of another there are none, which is answered without a look at the log. 1 to 128 characters. */
    userId?: string | undefined;
    /** Only events that came into the pod this way. */
    source?: "api" | "agent" | "automation" | "sync" | "migration" | "system" | "intelligence" | undefined;
    /** Only what this key, run or agent did: its id. 1 to 128 characters. */
    actor?: string | undefined;
    /** Only events of this time or later. The times of events grow with their positions; one may be missed that a clock put more than a minute off from its neighbours. A time, ISO 8601. */
    from?: string | undefined;
    /** Only events before this time. A time, ISO 8601. */
    to?: string | undefined;
}
export interface PublishEvent {
    /** One that you have registered. At most 128 characters. */
    type: string;
    /** As the newest version of its schema. */
    data: Record<string, unknown>;
    /** The thing it is about; its events are of one noun. A UUID. */
    aggregateId?: string | undefined;
    /** Refused with CONFLICT unless the thing has so many events. At least 0. */
    expectedVersion?: number | undefined;
    /** Repeating the call with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface ReadStreamInput {
    /** A UUID. */
    aggregateId: string;
    /** The nextVersion of the page before. At least 1; default 1. */
    fromVersion?: number | undefined;
    /** 1 to 1000; default 100. */
    limit?: number | undefined;
}
export interface WatchEvents {
    /** Only events of these types; note.* is all that begin with "note.". At most 100 items, each 1 to 128 characters. */
    types?: string[] | undefined;
    /** A UUID. */
    aggregateId?: string | undefined;
    /** A UUID. */
    correlationId?: string | undefined;
    /** Only events that follow from this command. A UUID. */
    requestId?: string | undefined;
    /** Only events of this user. Everybody is told their own alone: of another there are none, which is answered without a look at the log. 1 to 128 characters. */
    userId?: string | undefined;
    /** Only events that came into the pod this way. */
    source?: "api" | "agent" | "automation" | "sync" | "migration" | "system" | "intelligence" | undefined;
    /** Only what this key, run or agent did: its id. 1 to 128 characters. */
    actor?: string | undefined;
    /** Go on behind this position. Absent: begin with what happens from now on, and be told first where that is. */
    lastEventId?: string | null | undefined;
}
export interface AskWhy {
    /** A UUID. */
    entityId: string;
    /** As it was made. Absent: the present one. At least 1. */
    version?: number | undefined;
}
export interface ReplayId {
    /** A UUID. */
    id: string;
}
export interface FunctionId {
    /** Its id, its name, or its name in its app where only one of your apps has it. 1 to 400 characters. */
    id: string;
}
export interface InvokeFunctionInput {
    /** Its id, its name, or its name in its app where only one of your apps has it. 1 to 400 characters. */
    id: string;
    /** What it is handed as the event's data, at most 512 KiB of JSON. Default {}. */
    data?: Record<string, unknown> | undefined;
}
export interface ListFunctionsInput {
    /** 1 to 500; default 100. */
    limit?: number | undefined;
    /** The nextCursor of the page before. 1 to 400 characters. */
    cursor?: string | null | undefined;
    /** Only those of this app. 1 to 200 characters. */
    app?: string | undefined;
}
export interface ReplayFunctionInput {
    /** Its id, its name, or its name in its app where only one of your apps has it. 1 to 400 characters. */
    id: string;
    /** The first event. Absent: the first of the log. At least 1. */
    fromPosition?: number | undefined;
    /** The last. Absent: the last there is now. At least 1. */
    toPosition?: number | undefined;
    /** Events of this time or later. A time, ISO 8601. */
    from?: string | undefined;
    /** Events before this time. A time, ISO 8601. */
    to?: string | undefined;
    /** An expression over event, beside what triggers the function. 1 to 8192 characters. */
    filter?: string | undefined;
    /** True: events that had a run of the function have another. Default false. */
    repeats?: boolean | undefined;
}
export interface ListReplays {
    /** Only those of this function. 1 to 400 characters. */
    function?: string | undefined;
}
export interface CountGraphThreadsInput {
    /** At most 100 items, each 1 to 512 characters. */
    ids?: string[] | undefined;
    /** What it must have: objects by their members, lists by their items, the rest by being the same. Default {}. */
    metadata?: Record<string, unknown> | undefined;
    /** The same of the state at its newest checkpoint. Default {}. */
    values?: Record<string, unknown> | undefined;
    /** interrupted: it waits for an answer. error: a task has failed. busy: something is to be done. idle: nothing is. */
    status?: "idle" | "busy" | "interrupted" | "error" | undefined;
}
export interface CreateGraphThreadInput {
    /** 1 to 512 characters. */
    threadId: string;
    /** Any JSON object of 16 KiB at most. Default {}. */
    metadata?: Record<string, unknown> | undefined;
    /** do_nothing: it is answered as it is. Default "raise". */
    ifExists?: "raise" | "do_nothing" | undefined;
}
export interface GraphThreadHistoryInput {
    /** 1 to 512 characters. */
    threadId: string;
    /** Of a subgraph; empty: of the graph itself. At most 4096 characters; default "". */
    checkpointNs?: string | undefined;
    /** Ids of checkpoints smaller than this. 1 to 256 characters. */
    before?: string | undefined;
    /** What it must have: objects by their members, lists by their items, the rest by being the same. Default {}. */
    metadata?: Record<string, unknown> | undefined;
    /** 1 to 1000; default 10. */
    limit?: number | undefined;
}
export interface SearchGraphThreadsInput {
    /** At most 100 items, each 1 to 512 characters. */
    ids?: string[] | undefined;
    /** What it must have: objects by their members, lists by their items, the rest by being the same. Default {}. */
    metadata?: Record<string, unknown> | undefined;
    /** The same of the state at its newest checkpoint. Default {}. */
    values?: Record<string, unknown> | undefined;
    /** interrupted: it waits for an answer. error: a task has failed. busy: something is to be done. idle: nothing is. */
    status?: "idle" | "busy" | "interrupted" | "error" | undefined;
    /** 1 to 1000; default 10. */
    limit?: number | undefined;
    /** 0 to 10000; default 0. */
    offset?: number | undefined;
    /** Default "updatedAt". */
    sortBy?: "threadId" | "status" | "createdAt" | "updatedAt" | "stateUpdatedAt" | undefined;
    /** Default "desc". */
    sortOrder?: "asc" | "desc" | undefined;
    /** false: the answer has no values and interrupts. Default true. */
    withValues?: boolean | undefined;
}
export interface UpdateGraphThread {
    /** 1 to 512 characters. */
    threadId: string;
    /** Its members replace those of the same name; others stay. */
    metadata: Record<string, unknown>;
}
export interface CreateKey {
    /** To recognise it by. 1 to 100 characters. */
    name: string;
    /** What it may do: notes:read, notes:write, notes:propose, notes:*, *:read, propose, or * for everything. Absent: the same as the key that asks. 1 to 32 items, each at most 64 characters. */
    scopes?: string[] | undefined;
    /** Default: never. A time, ISO 8601. */
    expiresAt?: string | undefined;
    /** It ends after so many days. Absent: never, unless expiresAt says when. 1 to 36500. */
    expiresInDays?: number | undefined;
    /** Of another user; for owners. Default: yourself. 1 to 128 characters. */
    userId?: string | undefined;
}
export interface ListKeysInput {
    /** Of another user; for owners. Default: yourself. 1 to 128 characters. */
    userId?: string | undefined;
    /** Sessions are those of browsers, which are signed in by a key or a link. Default "key". */
    kind?: "key" | "session" | undefined;
    /** 1 to 500; default 100. */
    limit?: number | undefined;
    /** The nextCursor of the page before. A UUID. */
    cursor?: string | null | undefined;
}
export interface RevokeKey {
    /** A UUID. */
    keyId: string;
    /** Of another user; for owners. Default: yourself. 1 to 128 characters. */
    userId?: string | undefined;
}
export interface VerifyLogInput {
    /** Go on behind this position: the nextAfter of the part before. At least 0; default 0. */
    after?: number | undefined;
    /** 1 to 20000; default 20000. */
    limit?: number | undefined;
}
export interface RenderMarkdown {
    /** At most 65536 characters. */
    text: string;
}
export interface ModelTextPart {
    type: "text";
    /** At most 4194304 characters. */
    text: string;
}
export interface ModelImagePart {
    type: "image";
    /** Of data. */
    mediaType?: "image/png" | "image/jpeg" | "image/gif" | "image/webp" | undefined;
    /** Its bytes, in base64. At least 1 character. */
    data?: string | undefined;
    /** Instead of data: where the provider fetches it. 1 to 2000 characters. */
    url?: string | undefined;
}
export interface ModelToolCallInput {
    /** 1 to 256 characters. */
    id: string;
    /** 1 to 256 characters. */
    name: string;
    /** As the model wrote them. At most 4194304 characters; default "". */
    arguments?: string | undefined;
    /** The arguments as the object that they are; absent if they are none. */
    input?: unknown | undefined;
    /** Why the arguments are no object. */
    error?: string | undefined;
}
export interface ModelMessageInput {
    role: "system" | "user" | "assistant" | "tool";
    /** At most 4194304 characters. */
    text?: string | undefined;
    /** Of a user: further texts and images, behind text. At most 100 items; default []. */
    parts?: (ModelTextPart | ModelImagePart)[] | undefined;
    /** Of an assistant: as an earlier answer had them. At most 128 items; default []. */
    toolCalls?: ModelToolCallInput[] | undefined;
    /** Of a tool: the id of the call that text answers. 1 to 256 characters. */
    toolCallId?: string | undefined;
    /** All up to here will come again: a provider that keeps prompts shall keep it. 4 messages at most. Default false. */
    cache?: boolean | undefined;
}
export interface ModelToolInput {
    name: string;
    /** What it does, and when it is to be called. At most 16000 characters; default "". */
    description?: string | undefined;
    /** JSON Schema of its arguments. */
    parameters: Record<string, unknown>;
}
export interface ModelAskInput {
    /** 1 to 1000 items. */
    messages: ModelMessageInput[];
    /** At most 128 items; default []. */
    tools?: ModelToolInput[] | undefined;
    /** auto, none, required, or the name of the tool that must be called. */
    toolChoice?: string | undefined;
    /** JSON Schema: the answer is JSON that fits it, or an error. */
    outputSchema?: Record<string, unknown> | undefined;
    /** Of the answer. Absent: what the settings say. 1 to 1000000. */
    tokensMax?: number | undefined;
    /** 0 to 2. */
    temperature?: number | undefined;
    /** Texts at which the answer ends. At most 4 items, each 1 to 200 characters; default []. */
    stop?: string[] | undefined;
}
export interface ModelStreamAskInput {
    /** 1 to 1000 items. */
    messages: ModelMessageInput[];
    /** At most 128 items; default []. */
    tools?: ModelToolInput[] | undefined;
    /** auto, none, required, or the name of the tool that must be called. */
    toolChoice?: string | undefined;
    /** JSON Schema: the answer is JSON that fits it, or an error. */
    outputSchema?: Record<string, unknown> | undefined;
    /** Of the answer. Absent: what the settings say. 1 to 1000000. */
    tokensMax?: number | undefined;
    /** 0 to 2. */
    temperature?: number | undefined;
    /** Texts at which the answer ends. At most 4 items, each 1 to 200 characters; default []. */
    stop?: string[] | undefined;
    /** Refused: an answer that broke off is not gone on with. Ask again. */
    lastEventId?: string | null | undefined;
}
export interface ModelUsageQueryInput {
    /** So many days back, with today, by UTC. 1 to 366; default 30. */
    days?: number | undefined;
}
export interface BacklinksOfInput {
    /** The note. A UUID. */
    id: string;
    /** 1 to 100; default 20. */
    limit?: number | undefined;
    /** The nextCursor of the page before. A UUID. */
    cursor?: string | undefined;
}
export interface NoteOrigin {
    /** Absolute. 1 to 4500 characters. */
    path: string;
    /** SHA-256 of the file, hexadecimal. 64 to 64 characters. */
    checksum: string;
}
export interface CreateNote {
    /** The text, Markdown. 1 to 5000000 characters. */
    content: string;
    /** A creation that gives none takes the first line of the text. 1 to 500 characters. */
    title?: string | undefined;
    /** At most 100 items, each 1 to 100 characters. */
    tags?: string[] | undefined;
    /** What else is known of it, by name: any JSON, 64 KiB of text at most. */
    properties?: Record<string, unknown> | undefined;
    /** The file that it was imported from; absent: none. */
    origin?: NoteOrigin | undefined;
    /** When it was made where it comes from; absent: now. A time, ISO 8601. */
    createdAt?: string | undefined;
    /** When it was changed where it comes from; absent: now. A time, ISO 8601. */
    updatedAt?: string | undefined;
    /** The import that it is a part of: kept in the metadata of its events. A repeat of an idempotency key may have another. 1 to 100 characters. */
    batch?: string | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface Upload {
    /** That of the upload. A UUID. */
    id: string;
    /** Bytes. 1 to 20000000. */
    size: number;
    /** SHA-256 of the text, hexadecimal, lower case. 64 to 64 characters. */
    checksum: string;
}
export interface CreateNoteUploaded {
    /** What was uploaded. */
    upload: Upload;
    /** A creation that gives none takes the first line of the text. 1 to 500 characters. */
    title?: string | undefined;
    /** At most 100 items, each 1 to 100 characters. */
    tags?: string[] | undefined;
    /** What else is known of it, by name: any JSON, 64 KiB of text at most. */
    properties?: Record<string, unknown> | undefined;
    /** The file that it was imported from; absent: none. */
    origin?: NoteOrigin | undefined;
    /** When it was made where it comes from; absent: now. A time, ISO 8601. */
    createdAt?: string | undefined;
    /** When it was changed where it comes from; absent: now. A time, ISO 8601. */
    updatedAt?: string | undefined;
    /** The import that it is a part of: kept in the metadata of its events. A repeat of an idempotency key may have another. 1 to 100 characters. */
    batch?: string | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface DeleteNote {
    /** A UUID. */
    id: string;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface FindOriginsInput {
    /** At most 200 items; default []. */
    paths?: string[] | undefined;
    /** At most 200 items; default []. */
    checksums?: string[] | undefined;
    /** Of notes, which may be deleted. At most 200 items, each a UUID; default []. */
    ids?: string[] | undefined;
}
export interface GetNote {
    /** A UUID. */
    id: string;
    /** As it was in this version. At least 1. */
    version?: number | undefined;
}
export interface GetNoteHistoryInput {
    /** A UUID. */
    id: string;
    /** 1 to 200; default 50. */
    limit?: number | undefined;
    /** Only versions before this one: the nextBefore of the page before. At least 1. */
    before?: number | undefined;
}
export interface ListNotesInput {
    /** 1 to 100; default 20. */
    limit?: number | undefined;
    /** The nextCursor of the page before. */
    cursor?: string | null | undefined;
    /** A minus: the largest first. createdAt: as they were made, also where that was said of them and is earlier; of one time, as they came. A date that is changed later moves nothing. Listed values have the order of their list. Default "-createdAt". */
    sort?: "-createdAt" | "createdAt" | undefined;
    /** Only those with this tag. At least 1 character. */
    tag?: string | undefined;
}
export interface RestoreNote {
    /** A UUID. */
    id: string;
    /** The one to go back to. At least 1. */
    version: number;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface UpdateNote {
    /** A UUID. */
    id: string;
    /** Absent: stays as it is. 1 to 5000000 characters. */
    content?: string | undefined;
    /** null: it follows from the text again. 1 to 500 characters. */
    title?: string | null | undefined;
    /** At most 100 items, each 1 to 100 characters. */
    tags?: string[] | undefined;
    /** The tags that are given, whatever the text has: instead of the tags, for those who know which are whose. At most 100 items, each 1 to 100 characters. */
    ownTags?: string[] | undefined;
    /** What else is known of it, by name: any JSON, 64 KiB of text at most. */
    properties?: Record<string, unknown> | undefined;
    /** The file that it was imported from; absent: none. */
    origin?: NoteOrigin | null | undefined;
    /** When it was made where it comes from; absent: now. A time, ISO 8601. */
    createdAt?: string | undefined;
    /** When it was changed where it comes from; absent: now. A time, ISO 8601. */
    updatedAt?: string | undefined;
    /** The import that it is a part of: kept in the metadata of its events. A repeat of an idempotency key may have another. 1 to 100 characters. */
    batch?: string | undefined;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface UploadNote {
}
export interface GetNoteUrl {
    /** A UUID. */
    id: string;
    /** Absent: the newest. At least 1. */
    version?: number | undefined;
}
export interface ReadLogsInput {
    /** Lines of this level and of more important ones. Default "debug". */
    level?: "error" | "warn" | "info" | "debug" | undefined;
    /** Only lines of this time or later. A time, ISO 8601. */
    since?: string | undefined;
    /** So many of the newest. 1 to 10000; default 100. */
    limit?: number | undefined;
}
export interface ListSamplesInput {
    /** How far back. 1 to 3600; default 3600. */
    seconds?: number | undefined;
}
export interface WatchLogsInput {
    /** Lines of this level and of more important ones. Default "debug". */
    level?: "error" | "warn" | "info" | "debug" | undefined;
    /** Only lines of this time or later. A time, ISO 8601. */
    since?: string | undefined;
    /** Go on behind this line. Absent: begin with the oldest that is remembered. */
    lastEventId?: string | null | undefined;
}
export interface ProjectionName {
    /** 1 to 100 characters. */
    name: string;
}
export interface CompleteProject {
    /** A UUID. */
    id: string;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface CreateProjectInput {
    /** 1 to 500 characters. */
    title: string;
    /** Markdown. At most 50000 characters; default "". */
    description?: string | undefined;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). At most 40 characters. */
    startDate?: string | undefined;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). At most 40 characters. */
    endDate?: string | undefined;
    /** Default "active". */
    status?: "active" | "paused" | "completed" | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface DeleteProject {
    /** A UUID. */
    id: string;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface GetProject {
    /** A UUID. */
    id: string;
    /** As it was in this version. At least 1. */
    version?: number | undefined;
}
export interface GetProjectHistoryInput {
    /** A UUID. */
    id: string;
    /** 1 to 200; default 50. */
    limit?: number | undefined;
    /** Only versions before this one: the nextBefore of the page before. At least 1. */
    before?: number | undefined;
}
export interface ListProjectsInput {
    /** 1 to 100; default 20. */
    limit?: number | undefined;
    /** The nextCursor of the page before. */
    cursor?: string | null | undefined;
    /** A minus: the largest first. createdAt: as they were made, also where that was said of them and is earlier; of one time, as they came. A date that is changed later moves nothing. Listed values have the order of their list. Default "-createdAt". */
    sort?: "-createdAt" | "createdAt" | "status" | "-status" | "startDate" | "-startDate" | "endDate" | "-endDate" | "title" | "-title" | undefined;
    /** Only those where it is this. */
    status?: "active" | "paused" | "completed" | undefined;
    /** Only those where it is this. At most 40 characters. */
    startDate?: string | undefined;
    /** Only those where it is not less. At most 40 characters. */
    startDateFrom?: string | undefined;
    /** Only those where it is not more. At most 40 characters. */
    startDateTo?: string | undefined;
    /** Only those where it is this. At most 40 characters. */
    endDate?: string | undefined;
    /** Only those where it is not less. At most 40 characters. */
    endDateFrom?: string | undefined;
    /** Only those where it is not more. At most 40 characters. */
    endDateTo?: string | undefined;
    /** Only those where it is this. 1 to 500 characters. */
    title?: string | undefined;
}
export interface ReopenProject {
    /** A UUID. */
    id: string;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface RestoreProject {
    /** A UUID. */
    id: string;
    /** The one to go back to. At least 1. */
    version: number;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface UpdateProject {
    /** A UUID. */
    id: string;
    /** 1 to 500 characters. */
    title?: string | undefined;
    /** Markdown. At most 50000 characters. */
    description?: string | undefined;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). At most 40 characters. */
    startDate?: string | null | undefined;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). At most 40 characters. */
    endDate?: string | null | undefined;
    status?: "active" | "paused" | "completed" | undefined;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface AcceptProposal {
    /** A UUID. */
    id: string;
    /** With which the procedure is called instead: of the same thing, if it is about one. Absent: as it was proposed. */
    input?: Record<string, unknown> | undefined;
    /** A repeat with the same key is answered as the first was. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface CreateProposalInput {
    /** What is to be called: notes.update. 1 to 200 characters. */
    procedure: string;
    /** As the procedure takes it, 256 KiB of JSON at most. Default {}. */
    input?: Record<string, unknown> | undefined;
    /** Why. Absent: the header synap-reason says. At most 2000 characters. */
    reason?: string | undefined;
    /** From then on nobody can accept it: in 90 days at most. Absent: in 7. A time, ISO 8601. */
    expiresAt?: string | undefined;
    /** A repeat with the same key proposes nothing again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface GetProposal {
    /** A UUID. */
    id: string;
}
export interface ListProposalsInput {
    status?: "open" | "accepting" | "accepted" | "failed" | "rejected" | "withdrawn" | "expired" | undefined;
    /** The nextCursor of the page before. 1 to 32 characters. */
    cursor?: string | undefined;
    /** 1 to 100; default 50. */
    limit?: number | undefined;
}
export interface RejectProposal {
    /** A UUID. */
    id: string;
    /** Why. Absent: the header synap-reason says. At most 2000 characters. */
    reason?: string | undefined;
    /** A repeat with the same key is answered as the first was. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface WithdrawProposal {
    /** A UUID. */
    id: string;
    /** A repeat with the same key is answered as the first was. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface CreateRelationInput {
    /** The thing that it leads from. A UUID. */
    fromId: string;
    /** The thing that it leads to. A UUID. */
    toId: string;
    /** related_to, part_of, depends_on, mentioned_in, created_from, supersedes, similar_to, contradicts, or a word of your own: small letters, digits and _. 1 to 64 characters. */
    type: string;
    /** What else is known of it, by name: any JSON, 16 KiB of text at most. Default {}. */
    properties?: Record<string, unknown> | undefined;
    /** Since when it holds; absent: always has. A day or a time, as dueDate of tasks. At most 40 characters. */
    validFrom?: string | undefined;
    /** Until when it held; absent: still does. A day is over at its end. At most 40 characters. */
    validTo?: string | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface DeleteRelation {
    /** A UUID. */
    id: string;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface GetRelation {
    /** A UUID. */
    id: string;
    /** As it was in this version. At least 1. */
    version?: number | undefined;
}
export interface GetRelationHistoryInput {
    /** A UUID. */
    id: string;
    /** 1 to 200; default 50. */
    limit?: number | undefined;
    /** Only versions before this one: the nextBefore of the page before. At least 1. */
    before?: number | undefined;
}
export interface ListRelationsInput {
    /** 1 to 100; default 20. */
    limit?: number | undefined;
    /** The nextCursor of the page before. */
    cursor?: string | null | undefined;
    /** A minus: the largest first. createdAt: as they were made, also where that was said of them and is earlier; of one time, as they came. A date that is changed later moves nothing. Listed values have the order of their list. Default "-createdAt". */
    sort?: "-createdAt" | "createdAt" | "fromId" | "-fromId" | "toId" | "-toId" | "type" | "-type" | undefined;
    /** Only those where it is this. A UUID. */
    fromId?: string | undefined;
    /** Only those where it is this. A UUID. */
    toId?: string | undefined;
    /** Only those where it is this. 1 to 64 characters. */
    type?: string | undefined;
}
export interface NeighboursOfInput {
    /** The thing to begin at. A UUID. */
    id: string;
    /** Over how many relations at most. 1 to 3; default 1. */
    depth?: number | undefined;
    /** How many things at most. 1 to 500; default 100. */
    limit?: number | undefined;
    /** Along relations that lead from a thing (out), to it (in), or either. Default "both". */
    direction?: "both" | "out" | "in" | undefined;
    /** Of these types only; none: all. At most 50 items, each 1 to 64 characters; default []. */
    types?: string[] | undefined;
    /** Only relations that hold at this day or time; absent: whenever they hold. At most 40 characters. */
    at?: string | undefined;
}
export interface RestoreRelation {
    /** A UUID. */
    id: string;
    /** The one to go back to. At least 1. */
    version: number;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface UpdateRelation {
    /** A UUID. */
    id: string;
    /** related_to, part_of, depends_on, mentioned_in, created_from, supersedes, similar_to, contradicts, or a word of your own: small letters, digits and _. 1 to 64 characters. */
    type?: string | undefined;
    /** What else is known of it, by name: any JSON, 16 KiB of text at most. */
    properties?: Record<string, unknown> | undefined;
    /** Since when it holds; absent: always has. A day or a time, as dueDate of tasks. At most 40 characters. */
    validFrom?: string | null | undefined;
    /** Until when it held; absent: still does. A day is over at its end. At most 40 characters. */
    validTo?: string | null | undefined;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface GetRequest {
    /** A UUID. */
    requestId: string;
}
export interface RunId {
    /** A UUID. */
    id: string;
}
export interface ListRunsInput {
    /** 1 to 500; default 50. */
    limit?: number | undefined;
    /** The nextCursor of the page before. A UUID. */
    cursor?: string | null | undefined;
    status?: "active" | "sleeping" | "completed" | "failed" | "cancelled" | "discarded" | undefined;
    /** Only runs of this function, by its id, its name, or its name in its app: notes.create. 1 to 400 characters. */
    function?: string | undefined;
    /** Only runs for this event. A UUID. */
    eventId?: string | undefined;
    /** Only runs for events that share this cause. A UUID. */
    correlationId?: string | undefined;
    /** Only runs for events of this type; note.* is all that begin with "note.". 1 to 200 characters. */
    eventType?: string | undefined;
    /** Only runs queued then or later. A time, ISO 8601. */
    from?: string | undefined;
    /** Only runs queued before. A time, ISO 8601. */
    to?: string | undefined;
    /** Only runs for events in whose data, as JSON, this stands; letters of the alphabet large or small. 1 to 200 characters. */
    text?: string | undefined;
}
export interface RerunOf {
    /** The run that is to be done again. A UUID. */
    id: string;
    /** The hash of a step that it has done: what was done before that step is taken over, and the step is done again. Absent: all is. 40 to 40 characters. */
    fromStep?: string | undefined;
    /** What that step is given instead: for functions of apps, the list of the step's arguments. */
    input?: unknown | undefined;
}
export interface ResultOf {
    /** Of the run. A UUID. */
    id: string;
    /** The hash of a step that is done. Absent: the run's output is asked for. 40 to 40 characters. */
    step?: string | undefined;
}
export interface SearchFilters {
    /** Only what is for this project. A UUID. */
    project?: string | undefined;
    /** Only what has this status: open, done, ... 1 to 100 characters. */
    status?: string | undefined;
    /** Only what was changed then or later. A day or a time, as dueDate of tasks. At most 40 characters. */
    from?: string | undefined;
    /** Only what was changed before; of a day, on it. At most 40 characters. */
    to?: string | undefined;
}
export interface SearchQueryInput {
    /** Words, "phrases", prefix*, -exclusion, title:word, text:word, tag:name, type:note, status:open. Things with more of the words, and with rarer ones, come first. At most 1000 characters. */
    q: string;
    /** text: by words. semantic: by meaning. hybrid: by both. Without one: hybrid where there is a sentence model, else text. The answer says which it was. */
    mode?: "hybrid" | "text" | "semantic" | undefined;
    /** Only these: note, task, ..., or a type of entities of your own: x.book. Empty: all. At most 20 items, each 1 to 100 characters; default []. */
    types?: string[] | undefined;
    /** Only what has all of these. Capitals and accents do not matter. At most 20 items, each 1 to 100 characters; default []. */
    tags?: string[] | undefined;
    filters?: SearchFilters | undefined;
    /** 1 to 100; default 20. */
    limit?: number | undefined;
    /** The nextCursor of the page before. At most 100 characters. */
    cursor?: string | undefined;
}
export interface SimilarQueryInput {
    /** A UUID. */
    entityId: string;
    /** Only these: note, task, ... Empty: all. At most 20 items, each 1 to 100 characters; default []. */
    types?: string[] | undefined;
    /** 1 to 100; default 20. */
    limit?: number | undefined;
}
export interface SuggestQueryInput {
    /** How the title begins. Capitals and accents do not matter. 1 to 100 characters. */
    prefix: string;
    /** 1 to 50; default 10. */
    limit?: number | undefined;
}
export interface SendSignalInput {
    /** Its name. 1 to 256 characters. */
    signal: string;
    /** What the run goes on with, at most 512 KiB of JSON. Default null. */
    data?: unknown | undefined;
    /** A repeat with the same key sends nothing again. 1 to 256 characters. */
    idempotencyKey?: string | undefined;
}
export interface DeleteStoreItem {
    /** From the root on, as ["memories","ann"]. At most 20 items, each 1 to 128 characters. */
    namespace: string[];
    /** 1 to 256 characters. */
    key: string;
    /** The version that it must have; 0: it must not be there. Absent: any. At least 0. */
    expectedVersion?: number | undefined;
}
export interface StoreItemName {
    /** From the root on, as ["memories","ann"]. At most 20 items, each 1 to 128 characters. */
    namespace: string[];
    /** 1 to 256 characters. */
    key: string;
}
export interface ListStoreNamespacesInput {
    /** "*" is any label. At most 20 items, each 1 to 128 characters. */
    prefix?: string[] | undefined;
    /** "*" is any label. At most 20 items, each 1 to 128 characters. */
    suffix?: string[] | undefined;
    /** Longer ones are cut to so many labels. 1 to 20. */
    maxDepth?: number | undefined;
    /** 1 to 1000; default 100. */
    limit?: number | undefined;
    /** 0 to 10000; default 0. */
    offset?: number | undefined;
}
export interface PutStoreItem {
    /** From the root on, as ["memories","ann"]. 1 to 20 items, each 1 to 128 characters. */
    namespace: string[];
    /** 1 to 256 characters. */
    key: string;
    /** Any JSON object of 256 KiB at most. */
    value: Record<string, unknown>;
    /** Of which parts of the value search takes the words: paths, as "text" or "messages[*].content". Empty: of none. Absent: of all. At most 20 items, each 1 to 256 characters. */
    index?: string[] | undefined;
    /** The version that it must have; 0: it must not be there. Absent: any. At least 0. */
    expectedVersion?: number | undefined;
    /** A repeat with the same key is answered as the first one was. 1 to 256 characters. */
    idempotencyKey?: string | undefined;
}
export interface SearchStoreItemsInput {
    /** How the namespace begins; empty: all of yours. At most 20 items, each 1 to 128 characters; default []. */
    namespacePrefix?: string[] | undefined;
    /** Members of the value and what they must be: a value, or an object of $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin. Default {}. */
    filter?: Record<string, unknown> | undefined;
    /** What is looked for, by its meaning where the pod has a model, and by its words. Absent: the items changed last come first. At most 1000 characters. */
    query?: string | undefined;
    /** 1 to 100; default 10. */
    limit?: number | undefined;
    /** 0 to 10000; default 0. */
    offset?: number | undefined;
}
export interface ColourTag {
    /** Exactly as it is. 1 to 100 characters. */
    tag: string;
    /** null takes it away. */
    colour: "red" | "orange" | "yellow" | "green" | "teal" | "blue" | "purple" | "pink" | "brown" | "grey" | null;
}
export interface ListTagsInput {
    /** 1 to 1000; default 1000. */
    limit?: number | undefined;
    /** The nextCursor of the page before. */
    cursor?: string | null | undefined;
}
export interface RemoveTag {
    /** Exactly as it is. 1 to 100 characters. */
    tag: string;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface RenameTag {
    /** Exactly as it is; a # before it is none of it. 1 to 100 characters. */
    tag: string;
    /** Where there is one of this name, the two are one then. A # before it is left out. 1 to 100 characters. */
    to: string;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface CompleteTask {
    /** A UUID. */
    id: string;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface CreateTaskInput {
    /** 1 to 500 characters. */
    title: string;
    /** Markdown. At most 50000 characters; default "". */
    description?: string | undefined;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). At most 40 characters. */
    dueDate?: string | undefined;
    /** Default "normal". */
    priority?: "low" | "normal" | "high" | "urgent" | undefined;
    /** Default "open". */
    status?: "open" | "in_progress" | "done" | undefined;
    /** The project it is for. A UUID. */
    projectId?: string | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface DeleteTask {
    /** A UUID. */
    id: string;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface GetTask {
    /** A UUID. */
    id: string;
    /** As it was in this version. At least 1. */
    version?: number | undefined;
}
export interface GetTaskHistoryInput {
    /** A UUID. */
    id: string;
    /** 1 to 200; default 50. */
    limit?: number | undefined;
    /** Only versions before this one: the nextBefore of the page before. At least 1. */
    before?: number | undefined;
}
export interface ListTasksInput {
    /** 1 to 100; default 20. */
    limit?: number | undefined;
    /** The nextCursor of the page before. */
    cursor?: string | null | undefined;
    /** A minus: the largest first. createdAt: as they were made, also where that was said of them and is earlier; of one time, as they came. A date that is changed later moves nothing. Listed values have the order of their list. Default "-createdAt". */
    sort?: "-createdAt" | "createdAt" | "status" | "-status" | "dueDate" | "-dueDate" | "priority" | "-priority" | "projectId" | "-projectId" | undefined;
    /** Only those where it is this. */
    status?: "open" | "in_progress" | "done" | undefined;
    /** Only those where it is this. At most 40 characters. */
    dueDate?: string | undefined;
    /** Only those where it is not less. At most 40 characters. */
    dueDateFrom?: string | undefined;
    /** Only those where it is not more. At most 40 characters. */
    dueDateTo?: string | undefined;
    /** Only those where it is this. */
    priority?: "low" | "normal" | "high" | "urgent" | undefined;
    /** Only those where it is this. A UUID. */
    projectId?: string | undefined;
}
export interface ReopenTask {
    /** A UUID. */
    id: string;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface RestoreTask {
    /** A UUID. */
    id: string;
    /** The one to go back to. At least 1. */
    version: number;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface UpdateTask {
    /** A UUID. */
    id: string;
    /** 1 to 500 characters. */
    title?: string | undefined;
    /** Markdown. At most 50000 characters. */
    description?: string | undefined;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). At most 40 characters. */
    dueDate?: string | null | undefined;
    priority?: "low" | "normal" | "high" | "urgent" | undefined;
    status?: "open" | "in_progress" | "done" | undefined;
    /** The project it is for. A UUID. */
    projectId?: string | null | undefined;
    /** Refused with CONFLICT unless it has this version. At least 1. */
    expectedVersion?: number | undefined;
    /** Repeating a command with its key gives the first answer again. 1 to 200 characters. */
    idempotencyKey?: string | undefined;
}
export interface CreateUserInput {
    /** 1 to 100 characters. */
    name: string;
    /** Default "member". */
    role?: "owner" | "member" | undefined;
}
export interface ListUsersInput {
    /** 1 to 500; default 100. */
    limit?: number | undefined;
    /** The nextCursor of the page before. At most 128 characters. */
    cursor?: string | null | undefined;
}
export interface SwitchedAgent {
    status: "completed";
    agent: string;
    on: boolean;
    schedule?: string;
}
export interface Accepted {
    /** pending: the command is on disk. proposed: the key may only propose, or an agent asks that has read what was stored, so nothing is done yet. entityId is the proposal's. */
    status: "pending" | "proposed";
    /** Ask requests.get, or watch, for what comes of it. */
    requestId: string;
    /** What it is about. */
    entityId: string;
    /** Of the proposal, where it was proposed. */
    proposalId?: string;
}
export interface AgentRunError {
    name: string;
    message: string;
}
export interface AgentQuestion {
    /** By which it is answered. */
    id: string;
    question: unknown;
}
export interface AgentSpent {
    modelCalls: number;
    toolCalls: number;
    /** Read and written by models. */
    tokens: number;
    /** In the currency of the settings. */
    cost: number;
}
export interface AgentReading {
    /** It has read stored text: what a model asks for waits for a person. */
    tainted: boolean;
    /** Somebody has spoken by another key than that of whoever began it. */
    others: boolean;
    /** Of what it has read and was asked with, at most 1,000. */
    ids: string[];
}
export interface AgentCheckpoint {
    /** Which round begins here. */
    number: number;
    /** The nodes whose turn it is. Empty: the graph has ended. */
    next: string[];
    state: unknown;
    /** Up to here. */
    spent: AgentSpent;
    /** What the run had read up to here. */
    reading?: AgentReading;
}
export interface AgentRunWithStates {
    id: string;
    agent: string;
    /** interrupted: it waits for an answer to its questions. */
    status: "running" | "interrupted" | "completed" | "failed";
    input: unknown;
    /** What it came to. */
    output?: unknown;
    error?: AgentRunError;
    /** That wait for an answer. */
    questions: AgentQuestion[];
    /** A time, ISO 8601. */
    createdAt: string;
    /** A time, ISO 8601. */
    endedAt?: string;
    /** The run that it is a fork of. */
    forkOf?: string;
    /** Where it began there. */
    forkCheckpoint?: number;
    /** The run of the engine that carries it out: runs.get has its steps. */
    runId?: string;
    /** The states that it has gone through: agents.fork begins at one. None once its run is pruned. */
    checkpoints: AgentCheckpoint[];
}
export interface Agent {
    name: string;
    summary: string;
    /** The JSON Schema of what it is given. */
    input: unknown;
    /** The procedures that it may call, as far as whoever starts it may; * is for all that agents may have. */
    tools: string[];
    /** Of its graph. */
    nodes: string[];
    /** It does nothing without a language model. */
    needsModel: boolean;
    /** Events of this type begin it, where you have switched it on: agents.enable. */
    event?: string;
    /** This cron expression begins it, where you have switched it on. */
    schedule?: string;
}
export interface AgentList {
    agents: Agent[];
    /** A language model is set: models.list. */
    hasModel: boolean;
}
export interface ResumedAgent {
    status: "running";
    id: string;
    questionId: string;
}
export interface AgentRun {
    id: string;
    agent: string;
    /** interrupted: it waits for an answer to its questions. */
    status: "running" | "interrupted" | "completed" | "failed";
    input: unknown;
    /** What it came to. */
    output?: unknown;
    error?: AgentRunError;
    /** That wait for an answer. */
    questions: AgentQuestion[];
    /** A time, ISO 8601. */
    createdAt: string;
    /** A time, ISO 8601. */
    endedAt?: string;
    /** The run that it is a fork of. */
    forkOf?: string;
    /** Where it began there. */
    forkCheckpoint?: number;
    /** The run of the engine that carries it out: runs.get has its steps. */
    runId?: string;
}
export interface AgentRunList {
    /** The newest first. */
    runs: AgentRun[];
    /** Absent on the last page. */
    nextBefore?: number;
}
export interface WorkerAppKeys {
    /** INNGEST_SIGNING_KEY: what calls are signed with. A secret. */
    signingKey: string;
}
export interface WorkerApp {
    /** The id that its author gave it. */
    app: string;
    /** Where it is served. */
    url: string;
    /** js:v4.24.0 */
    sdk: string;
    framework: string;
    /** Its own; empty: it has said none. */
    version: string;
    /** Their ids. */
    functions: string[];
    /** When it last registered something new. A time, ISO 8601. */
    syncedAt: string;
    /** When the pod last asked it to register; absent: not since its start. A time, ISO 8601. */
    askedAt?: string;
    /** Why it did not register then. */
    problem?: string;
    /** Of an app whose workers connect: how many are, and take calls. Absent: it is served at its address. */
    workers?: number;
}
export interface WorkerAppList {
    /** By their ids; at most 100. */
    apps: WorkerApp[];
}
export interface WorkerAppRemoval {
    /** How many apps were there. */
    removed: number;
}
export interface WorkerAppSync {
    isRegistered: boolean;
    /** Why not: what it answered, or nobody. */
    problem?: string;
}
export interface TypeOfEvent {
    /** note.creation.completed */
    name: string;
    summary: string;
    /** What it is about: note. */
    noun: string;
    /** Of the shape of its data: the dataVersion that is written now. */
    version: number;
    /** The JSON Schema of its data. */
    schema: unknown;
    /** Procedures, and what the pod does by itself: notes.create, function:notes.create, bus. */
    writtenBy: string[];
    /** What it starts and what is folded from it: function:notes.create, projection:notes. */
    readBy: string[];
}
export interface TypesOfEvents {
    /** In the order of their names. */
    types: TypeOfEvent[];
}
export interface DeletedChatThread {
    status: "completed";
    entityId: string;
}
export interface ExecutedChatTask {
    success: boolean;
    requestId?: string;
    /** The task. */
    entityId?: string;
    /** Why it was not made. */
    error?: string;
}
export interface ExecutedChatAction {
    /** Of the command; "proposed" where the key may only propose it. */
    status: string;
    /** That was called. */
    procedure: string;
    requestId?: string;
    /** What was made or changed, or the proposal. */
    entityId?: string;
    /** All that the procedure answered. */
    result: unknown;
    /** True: all of it was done, or proposed. False: not each of the tasks was made. */
    success: boolean;
    /** What came of it, in a sentence. */
    systemMessage: string;
    /** Of the event that asks for it, where it changes something. */
    eventType?: string;
    /** Of a project with tasks: what came of each, in their order. */
    tasks?: ExecutedChatTask[];
}
export interface ChatThread {
    id: string;
    title: string;
    messages: number;
    /** A time, ISO 8601. */
    createdAt: string;
    /** A time, ISO 8601. */
    updatedAt: string;
    /** What a model asks for to answer a message by your key is done at once, since you have said so by it: chat.trust. */
    trusted: boolean;
    /** The id of the key for whose messages it is so, yours or another one. Absent: for none. */
    trustedBy?: string;
}
export interface ChatToolUse {
    /** The procedure. */
    name: string;
    /** As the model wrote them. */
    arguments: string;
    /** It did what it is for. */
    ok: boolean;
    /** How what it gave begins. */
    result: string;
}
export interface ChatCitation {
    /** As [1] in the text. */
    number: number;
    entityId: string;
    entityType: string;
    title: string;
    /** What of it was read. */
    passage: string;
}
export interface ChatMessage {
    id: string;
    role: "user" | "assistant";
    text: string;
    /** The run of the agent that answers it, or whose answer it is. */
    runId?: string;
    tools: ChatToolUse[];
    citations: ChatCitation[];
    /** Why there is no answer. */
    error?: string;
    /** A time, ISO 8601. */
    createdAt: string;
    /** The message that it follows. Absent: it begins the thread. */
    parentId?: string;
    /** How many follow the same one, with it. */
    siblings: number;
    /** Which of these it is, the oldest being 1. */
    sibling: number;
    /** chat.get shows its branch with through. */
    previousSiblingId?: string;
    nextSiblingId?: string;
}
export interface ChatThreadWithMessages {
    thread: ChatThread;
    /** Of one branch, in their order. */
    messages: ChatMessage[];
    /** There are earlier ones. Absent: there are none. */
    nextBefore?: number;
}
export interface RenamedChatThread {
    status: "completed";
    entityId: string;
    title: string;
}
export interface SentChatMessage {
    status: "pending";
    requestId: string;
    /** The thread. */
    entityId: string;
    /** That is answered. */
    messageId: string;
    /** The run of the agent that answers: agents.watch tells how it does. */
    runId: string;
}
export interface ChatThreadList {
    /** Those first in which something was said last. */
    threads: ChatThread[];
    /** Absent on the last page. */
    nextBefore?: number;
}
export interface TrustedChatThread {
    status: "completed";
    entityId: string;
    trusted: boolean;
}
export interface CheckpointCount {
    checkpoints: number;
}
export interface CheckpointStored {
    /** It is on disk. */
    status: "stored";
}
export interface PendingWrite {
    taskId: string;
    channel: string;
    type: string;
    /** base64url, without padding. */
    bytes: string;
}
export interface CheckpointTuple {
    threadId: string;
    checkpointNs: string;
    checkpointId: string;
    parentCheckpointId?: string;
    checkpoint: TypedValue;
    metadata: TypedValue;
    /** Of its channels, those that have one. */
    values: ChannelValue[];
    /** In the order in which a step applies them. */
    pendingWrites: PendingWrite[];
}
export interface FoundCheckpoint {
    /** Absent: there is none. */
    checkpoint?: CheckpointTuple;
}
export interface CheckpointList {
    /** The newest first, thread by thread. Fewer than the limit where they are large. */
    checkpoints: CheckpointTuple[];
    /** Absent at the end. */
    nextCursor?: string;
}
export interface PrunedGraphThreads {
    /** Taken away of threads that stay. */
    checkpoints: number;
    /** Of those named, that there were. */
    threads: number;
}
export interface SweptDeadLetters {
    /** So many were. */
    count: number;
    /** So many were not: their functions are gone, or have a run that is to be the only one, or others were faster. */
    passedOver: number;
    /** Absent: there are no more. Call again with it. */
    nextCursor?: string;
    /** With data: the new run, if it was made at once. */
    runId?: string;
}
export interface DeadLetterGroup {
    function: string;
    /** The kind of the error. */
    name: string;
    /** What it says. */
    message: string;
    count: number;
    /** When the first of them was queued. A time, ISO 8601. */
    firstAt: string;
    /** And the last. A time, ISO 8601. */
    lastAt: string;
    lastRunId: string;
}
export interface DeadLetterGroups {
    /** The largest first. */
    groups: DeadLetterGroup[];
    /** So many dead letters, the newest. */
    lookedAt: number;
    /** There are more, older ones. */
    isCut: boolean;
}
export interface Completed {
    /** completed: it is done, and on disk. proposed: the key may only propose, or an agent asks that has read what was stored, so nothing is done yet. entityId is the proposal's. */
    status: "completed" | "proposed";
    /** Of the command. */
    requestId: string;
    /** What it is about. */
    entityId: string;
    /** That it has now. */
    version: number;
    /** Of the proposal, where it was proposed. */
    proposalId?: string;
}
export interface Entity {
    id: string;
    /** 1 when made, +1 with each change. */
    version: number;
    /** A time, ISO 8601. */
    createdAt: string;
    /** A time, ISO 8601. */
    updatedAt: string;
    /** True: what is stored of it cannot be read; its fields are empty, and the log has what they were. */
    damaged?: boolean;
    /** One that you have defined: x.book. */
    type: string;
    /** Of the type, by which its data were judged. */
    typeVersion: number;
    /** What its data have where the type says that its title is; else "". */
    title: string;
    /** As the schema of its type says, 256 KiB at most. An update gives the members that change; null takes one away. */
    data: Record<string, unknown>;
}
export interface VersionActor {
    kind: "key" | "run" | "agent";
    /** Of the key, the run or the agent. */
    id: string;
    /** The user whom an agent stands for. */
    onBehalfOf?: string;
    /** The run of the agent that did it: agents.get has it. */
    agentRunId?: string;
}
export interface EntityVersion {
    version: number;
    /** When it was made. A time, ISO 8601. */
    at: string;
    /** Of the change: api, agent, sync, ... */
    source: string;
    /** The command behind it. */
    requestId?: string;
    /** The event by which that was asked for. */
    eventId?: string;
    /** Who asked for it. Absent: the pod itself. */
    actor?: VersionActor;
    /** Why, in their words. Absent: they gave none. */
    reason?: string;
    /** True: what is stored of it cannot be read; its fields are empty, and the log has what they were. */
    damaged?: boolean;
    /** One that you have defined: x.book. */
    type: string;
    /** Of the type, by which its data were judged. */
    typeVersion: number;
    /** What its data have where the type says that its title is; else "". */
    title: string;
    /** As the schema of its type says, 256 KiB at most. An update gives the members that change; null takes one away. */
    data: Record<string, unknown>;
}
export interface EntityHistory {
    /** The newest first. */
    versions: EntityVersion[];
    /** Absent on the last page. */
    nextBefore?: number;
}
export interface EntityList {
    entities: Entity[];
    /** All that match, on every page. */
    total: number;
    /** True: there are more; not all were counted. */
    totalIsAtLeast?: boolean;
    /** Absent on the last page. */
    nextCursor?: string;
}
export interface EntityTypeVersion {
    name: string;
    /** The newest: by which entities are judged from now on. */
    version: number;
    /** False: the newest version says the same already. */
    isNew: boolean;
    /** The lists that a run fills in now, as filter/sort. Until it has they are refused. */
    filling: string[];
}
export interface EntityType {
    name: string;
    version: number;
    /** This version. A time, ISO 8601. */
    definedAt: string;
    /** The lists that a run is filling in, as filter/sort. Until it has they are refused. */
    filling: string[];
    /** JSON Schema 2020-12 of the data, at most 64 KiB and 200 properties. */
    schema: Record<string, unknown>;
    /** Properties by which entities.list filters: of one type, and at the top. */
    filters: string[];
    /** Properties by which it sorts all entities of the type. */
    sorts: string[];
    /** Pairs of a filter and a sort that it takes together. With filters and sorts 16 at most. */
    lists: EntityTypeList[];
    /** The property that is the title of a thing. Absent: title, or else name. */
    title?: string;
    /** For those who show it: a sign, or the name of one. */
    icon?: string;
}
export interface ListedEntityType {
    name: string;
    /** The newest. */
    version: number;
    icon?: string;
    /** This version. A time, ISO 8601. */
    definedAt: string;
}
export interface EntityTypes {
    /** By their names; at most 100. */
    types: ListedEntityType[];
}
export interface RegisteredEventType {
    name: string;
    version: number;
    /** JSON Schema 2020-12. */
    schema: Record<string, unknown>;
    /** A time, ISO 8601. */
    registeredAt: string;
}
export interface ListedEventType {
    name: string;
    /** The newest. */
    version: number;
    /** A time, ISO 8601. */
    registeredAt: string;
}
export interface EventTypeList {
    /** By their names; at most 1,000. */
    types: ListedEventType[];
}
export interface EventTypeVersion {
    name: string;
    /** The newest: the dataVersion of events from now on. */
    version: number;
    /** False: the schema is that of the newest version already. */
    isNew: boolean;
}
export interface Actor {
    /** The API key that called. */
    key?: string;
    /** The run that did the work. */
    run?: string;
    /** The agent that decided. */
    agent?: string;
    /** The user whom the actor stands for. */
    onBehalfOf?: string;
}
export interface SynapEvent {
    /** UUIDv7. */
    id: string;
    /** Of this shape. */
    version: "v1";
    /** <noun>.<action>.requested|completed|failed */
    type: string;
    /** The thing it is about. */
    aggregateId?: string;
    aggregateType?: string;
    /** Of the shape of the data. */
    dataVersion: number;
    /** As the schema of its type says. */
    data: Record<string, unknown>;
    /** True: the data were erased, for good. */
    erased?: boolean;
    /** True: what is stored is not what was recorded. data is {}, metadata is absent, and of the header there is what could be read. */
    damaged?: boolean;
    metadata?: Record<string, unknown>;
    userId: string;
    source: "api" | "agent" | "automation" | "sync" | "migration" | "system" | "intelligence";
    /** Who acted; absent: the pod itself. */
    actor?: Actor;
    /** A time, ISO 8601. */
    timestamp: string;
    /** Shared by all that has one cause. */
    correlationId?: string;
    /** The event that led to this one. */
    causationId?: string;
    /** The command that led to this one. */
    requestId?: string;
    /** Its place in the whole log. */
    position: number;
    /** Its place in its stream. */
    aggregateVersion?: number;
}
export interface LogHead {
    /** The last one; 0: no events. */
    position: number;
    /** The link of the hash chain there, hexadecimal: it commits to every event. */
    hash: string;
}
export interface EventList {
    /** In the order asked for. */
    events: SynapEvent[];
    /** asc: everything up to this position has been looked at. desc: the last position that there was to be looked at; whoever watches from it misses nothing. */
    nextAfter: number;
    /** desc: everything from this position on has been looked at. */
    nextBefore?: number;
    /** There was nothing further. A page may be empty and not at the end. */
    atEnd: boolean;
}
export interface PublishedEvent {
    eventId: string;
    /** Its place in the whole log. */
    position: number;
    /** Its place in its stream. */
    aggregateVersion?: number;
}
export interface StreamPage {
    /** In the order of their versions; fewer than the limit where they are large. */
    events: SynapEvent[];
    /** Where to go on; absent: there was nothing behind it. */
    nextVersion?: number;
}
export interface WhyLink {
    /** event: of the log. message: an event of a chat. run: of a function, which wrote the event before. agent: a run of an agent, which decided on it. step: of that run, which called the procedure. model: the call of a model whose answer asked for it. actor: who began it all. */
    kind: "event" | "message" | "run" | "agent" | "step" | "model" | "actor";
    /** Of the event, run, step, call or key. Of a run of an agent: its own. */
    id: string;
    /** An event's type, a run's function, an agent, a step's procedure, a model, a message's role; of an actor what it is: key, run or agent. */
    name?: string;
    /** A time, ISO 8601. */
    at?: string;
    /** Of an event. */
    position?: number;
    /** Of an event: api, agent, system, ... */
    source?: string;
    /** Of an event that a key has made: its id. */
    key?: string;
    /** Of an event: why it was asked for, in the words of whoever asked (Synap-Reason, or a model's own of its call). Absent: nobody said it. */
    reason?: string;
    /** The beginning of a message. */
    text?: string;
    /** Of a model. */
    provider?: string;
    /** The version of the model that says to have answered. */
    answeredBy?: string;
    /** SHA-256 of what a model was sent, hexadecimal. */
    requestHash?: string;
    /** Of a step: the things that tools had given its run before, by their recorded results. */
    sources?: string[];
    /** Of a step: those of them, or of what it was asked with, on which the call rests, as the model has said. Absent: it said nothing. */
    declaredSources?: string[];
    /** The user whom an actor stands for. */
    onBehalfOf?: string;
    /** True: the event is damaged on disk. */
    damaged?: boolean;
    /** Of a run of an agent, true: it asked nobody, since the person who began it trusts what is read in that thread (chat.trust). */
    trusting?: boolean;
}
export interface Why {
    entityId: string;
    entityType?: string;
    /** Absent: it is deleted. */
    version?: number;
    /** Each led to the one before it. The first is the event that made the version. */
    links: WhyLink[];
    /** True: there is more than can be told at once. */
    cut?: boolean;
}
export interface EndedReplay {
    id: string;
    status: "cancelled";
}
export interface FunctionTrigger {
    /** A type; note.* is all that begin with "note.". */
    event: string;
    /** What else must be true. */
    if?: string;
    /** Why no event can ever be this, as of a name with a letter too few. */
    problem?: string;
}
export interface FunctionSchedule {
    cron: string;
    /** At most so much later. */
    jitterMs?: number;
}
export interface LimitOfCalls {
    limit: number;
    /** Events with equal values of this expression count together. */
    key?: string;
    /** user: with all of your functions that have the same key. */
    scope: "function" | "user";
}
export interface LimitOfRuns {
    limit: number;
    /** Events with equal values of this expression count together. */
    key?: string;
}
export interface RunTimeouts {
    startMs?: number;
    finishMs?: number;
}
export interface LimitOfRate {
    limit: number;
    periodMs: number;
    burst?: number;
    /** Events with equal values of this expression count together. */
    key?: string;
}
export interface QuietTime {
    periodMs: number;
    timeoutMs?: number;
    /** Events with equal values of this expression count together. */
    key?: string;
}
export interface BatchOfEvents {
    sizeMax: number;
    timeoutMs: number;
    /** Events with equal values of this expression count together. */
    key?: string;
    /** Others have runs of their own. */
    if?: string;
}
export interface OneAtATime {
    /** skip: an event meanwhile has no run. cancel: it ends the run that is there. */
    mode: "skip" | "cancel";
    /** Events with equal values of this expression count together. */
    key?: string;
}
export interface CancellingEvent {
    event: string;
    if?: string;
    timeoutMs?: number;
}
export interface FunctionLimits {
    /** So many calls at a time. */
    concurrency: LimitOfCalls[];
    /** So many runs at a time, their sleeps and waits included. */
    runConcurrency?: LimitOfRuns;
    /** So many seconds earlier than it was made a run counts as made. */
    priority?: string;
    /** A run that has not begun, or not ended, in time is cancelled. */
    timeouts?: RunTimeouts;
    /** So many runs begin in a period; others wait. */
    throttle?: LimitOfRate;
    /** So many runs begin in a period; others are dropped. */
    rateLimit?: LimitOfRate;
    /** A run begins when no event came for a while. */
    debounce?: QuietTime;
    /** One run for so many events. */
    batch?: BatchOfEvents;
    singleton?: OneAtATime;
    /** One run in 24 hours for each value of this expression. */
    idempotency?: string;
    /** Events that end its runs. */
    cancelOn: CancellingEvent[];
}
export interface FunctionPause {
    /** person: until functions.resume. outage: what it needs is out of order (a full disk, a host that is gone); one run at a time looks whether it may go on. */
    by: "person" | "outage";
    /** person: since when. A time, ISO 8601. */
    since?: string;
    /** outage: the next look. A time, ISO 8601. */
    until?: string;
    /** person: who. */
    user?: string;
}
export interface FunctionCounts {
    completed: number;
    /** Failed, and tried again later. */
    retried: number;
    /** Put away until their time came. */
    slept: number;
    /** Dead letters. */
    givenUp: number;
    /** Put away since what they need was out of order. */
    paused: number;
}
export interface FunctionInfo {
    /** As runs.list and the log have it. */
    id: string;
    /** The id without whose it is, by which you may name it wherever one is asked for. */
    name: string;
    /** The app of yours that it is a part of (apps.list). Absent: it is the pod's own. */
    app?: string;
    /** True: it is of an app of yours; only your events start it, and you may pause it. False: it is the pod's own. */
    isYours: boolean;
    /** False: it carries out requests, which procedures make. */
    isInvocable: boolean;
    triggers: FunctionTrigger[];
    schedules: FunctionSchedule[];
    /** Beside the first attempt. */
    retries: number;
    /** When its runs begin, and whether they do. */
    limits: FunctionLimits;
    /** What is triggered meanwhile waits. Absent: it is not paused. */
    pause?: FunctionPause;
    /** Runs of yours that could go on now and wait for their turn; those on disk are counted up to 1,000. */
    waiting: number;
    /** Calls for you under way. */
    running: number;
    /** How calls have ended since the pod started. Of the pod's own functions those for all users, for owners. */
    counts?: FunctionCounts;
}
export interface InvokedRun {
    /** Of function.invoked. */
    eventId: string;
    position: number;
    /** Absent: the function's limits say when it has a run; runs.list finds it by the event. */
    runId?: string;
}
export interface FunctionList {
    /** By their ids. */
    functions: FunctionInfo[];
    /** Absent on the last page. */
    nextCursor?: string;
}
export interface PauseChange {
    id: string;
    /** False: it was so before, and nothing is recorded. */
    hasChanged: boolean;
}
export interface Replay {
    id: string;
    function: string;
    /** completed: all its runs are made, not done. */
    status: "active" | "completed" | "cancelled";
    fromPosition: number;
    toPosition: number;
    /** Everything up to this position was looked at. */
    lookedTo: number;
    /** Runs. */
    made: number;
    /** Events that have no run of it: they had one, or there may be none now. */
    passedOver: number;
    filter?: string;
    /** A time, ISO 8601. */
    createdAt: string;
    /** A time, ISO 8601. */
    endedAt?: string;
}
export interface ReplayList {
    /** The newest 100. */
    replays: Replay[];
}
export interface GraphThread {
    threadId: string;
    createdAt: string;
    updatedAt: string;
    /** When the newest checkpoint was stored. */
    stateUpdatedAt?: string;
    metadata: Record<string, unknown>;
    /** interrupted: it waits for an answer. error: a task has failed. busy: something is to be done. idle: nothing is. */
    status: "idle" | "busy" | "interrupted" | "error";
    /** What only the agent's own serializer can read is {"__unread__":{...}}. */
    values: unknown;
    /** What it waits for: of each task, a list. */
    interrupts: Record<string, unknown>;
}
export interface GraphThreadCount {
    count: number;
}
export interface GraphTask {
    /** Absent: it has written nothing. */
    id?: string;
    /** Its node. */
    name: string;
    error?: string;
    /** What it has asked. */
    interrupts: unknown[];
    /** What it has written to the state; absent while it has not ended. */
    result?: unknown;
}
export interface GraphState {
    threadId: string;
    checkpointNs: string;
    /** Absent: there is none yet. */
    checkpointId?: string;
    parentCheckpointId?: string;
    createdAt?: string;
    /** Of the checkpoint. */
    metadata: unknown;
    /** What only the agent's own serializer can read is {"__unread__":{...}}. */
    values: unknown;
    /** Nodes that are to be done. */
    next: string[];
    tasks: GraphTask[];
    interrupts: unknown[];
}
export interface GraphStateList {
    /** The newest first. */
    states: GraphState[];
    /** There may be more: what one answer takes or looks through is bounded. */
    isCut: boolean;
}
export interface GraphThreadList {
    threads: GraphThread[];
    /** There may be more: what one answer takes or looks through is bounded. */
    isCut: boolean;
}
export interface Health {
    status: "ok";
}
export interface CreatedKey {
    userId: string;
    keyId: string;
    /** Shown this once; nobody can say it again. Absent in a repeat. */
    key?: string;
    /** The Idempotency-Key was used before: this is what was made then, without the key. If nobody has it, revoke it and make another. */
    isRepeat: boolean;
}
export interface Key {
    id: string;
    name: string;
    /** The first characters of the key. */
    prefix: string;
    /** What it may do; ["*"]: all that its user may. */
    scopes: string[];
    /** A time, ISO 8601. */
    createdAt: string;
    /** Absent: never. A time, ISO 8601. */
    expiresAt?: string;
    /** Absent: not yet. A time, ISO 8601. */
    lastUsedAt?: string;
    /** A time, ISO 8601. */
    revokedAt?: string;
}
export interface KeyList {
    /** The oldest first. */
    keys: Key[];
    /** Absent on the last page. */
    nextCursor?: string;
}
export interface Revoked {
    revoked: boolean;
}
export interface BrokenLink {
    position: number;
    /** What is wrong there. */
    what: string;
}
export interface LogVerification {
    /** That were looked at. */
    events: number;
    /** They continue the chain. */
    ok: boolean;
    /** Absent at the end. */
    nextAfter?: number;
    /** The first event that does not. */
    broken?: BrokenLink;
}
export interface RenderedMarkdown {
    /** Without scripts, styles and ids; links go to http, https and mailto only. */
    html: string;
}
export interface ModelToolCall {
    id: string;
    name: string;
    /** As the model wrote them. */
    arguments: string;
    /** The arguments as the object that they are; absent if they are none. */
    input?: unknown;
    /** Why the arguments are no object. */
    error?: string;
}
export interface ModelUsage {
    /** Tokens of what was asked. */
    input: number;
    /** Tokens of the answer. */
    output: number;
    /** Of input: what the provider had kept. */
    cached: number;
    /** Of input: what the provider has begun to keep. */
    cacheWritten: number;
    /** True: the provider did not say it. */
    estimated: boolean;
}
export interface ModelAnswer {
    /** Of the event model.called. */
    callId: string;
    text: string;
    toolCalls: ModelToolCall[];
    /** With an outputSchema: the answer as JSON. */
    output?: unknown;
    /** length: tokensMax was reached; tools: it waits for the answers of tools. */
    finish: "stop" | "length" | "tools" | "filtered" | "other";
    usage: ModelUsage;
    /** By the prices of the settings. */
    cost: number;
    provider: string;
    model: string;
    /** The model as the provider names it. */
    answeredBy: string;
    ms: number;
}
export interface ModelProvider {
    name: string;
    /** Of chat. */
    wire?: "chat-completions" | "responses" | "messages";
    model: string;
    /** Of embed: of its vectors. */
    dimension?: number;
    /** Last time, since the start. A time, ISO 8601. */
    answeredAt?: string;
    /** Last time, since the start. A time, ISO 8601. */
    failedAt?: string;
    /** Of then. */
    error?: string;
}
export interface ModelList {
    /** Asked in this order: the next where the one before fails. Empty: none is set. */
    chat: ModelProvider[];
    /** That make vectors of texts. */
    embed: ModelProvider[];
}
export interface ModelUsageOfDay {
    /** As 2026-11-27, UTC. */
    day: string;
    capability: "chat" | "embed";
    provider: string;
    model: string;
    calls: number;
    /** Of calls. */
    failed: number;
    /** Tokens. */
    input: number;
    /** Tokens. */
    output: number;
    /** Of input. */
    cached: number;
    /** By the prices of the settings. */
    cost: number;
}
export interface ModelBudget {
    /** A day; absent: as many as one likes. */
    tokens?: number;
    /** Of today: without what calls under way may take. */
    tokensLeft?: number;
    /** A day; absent: as much as one likes. */
    cost?: number;
    costLeft?: number;
}
export interface ModelUsageList {
    /** Of all your keys, the newest day first. */
    days: ModelUsageOfDay[];
    /** Of all your keys together. */
    user: ModelBudget;
    /** Of the key that asks. */
    key: ModelBudget;
}
export interface PodNode {
    /** Given when it was started, and to no other. */
    number: number;
    /** Its setting `node_name`. */
    name: string;
    /** Of the program. */
    version: string;
    /** Whether it says whose turn it is, and runs schedules and followers; one does. */
    leads: boolean;
    /** Whether it has answered this call. */
    isThis: boolean;
    /** Whether the database has its session. */
    isConnected: boolean;
    /** A time, ISO 8601. */
    startedAt: string;
    /** How long ago it has committed last, which it does once a second at least. */
    silentMs: number;
    /** How long it may go on like that before the others go on without it. */
    leaseLeftMs: number;
    /** Since it was started. */
    commits: number;
    /** Jobs that it does at a time, its setting `worker_concurrency`. 0: it has not begun, or stops. */
    slots: number;
    /** That it has claimed, or was assigned by the node that leads: under way, or waiting for their turn there. */
    jobs: number;
}
export interface PodFollower {
    /** The read model that it fills. */
    name: string;
    /** Events that it has not folded yet, as this node knows. */
    lag: number;
}
export interface NodeList {
    /** The setting `nodes`. */
    mode: "one" | "many";
    /** In the order in which they were started. None where the mode is one. */
    nodes: PodNode[];
    /** Those of the node that leads. */
    followers: PodFollower[];
}
export interface Backlink {
    /** The note that mentions it. */
    id: string;
    /** Of that note. */
    title: string;
    /** What stands in the link there, [[target]]; "" where the relation was made by hand. */
    target: string;
    /** The words next to the link, some 240 bytes at most; "" without one. */
    around: string;
    /** The relation, of type mentioned_in. */
    relationId: string;
}
export interface Backlinks {
    /** The newest relation first. */
    backlinks: Backlink[];
    /** Absent on the last page. */
    nextCursor?: string;
}
export interface ImportedNote {
    id: string;
    /** Of a file that it was imported from. */
    path: string;
    /** Of that file then. */
    checksum: string;
    /** The version that came of it. */
    importedVersion: number;
    /** Of the note now; absent: deleted. */
    version?: number;
    /** Of the file that was imported last. */
    presentChecksum?: string;
    /** True: the pod has not got the text of the present version any more, or not all of it: its file was deleted or cut. Otherwise absent. */
    isTextMissing?: boolean;
}
export interface NoteOrigins {
    /** Each with each of its files, the newest note first. */
    notes: ImportedNote[];
}
export interface FullNote {
    id: string;
    /** 1 when made, +1 with each change. */
    version: number;
    /** A time, ISO 8601. */
    createdAt: string;
    /** A time, ISO 8601. */
    updatedAt: string;
    /** True: what is stored of it cannot be read; its fields are empty, and the log has what they were. */
    damaged?: boolean;
    /** A creation that gives none takes the first line of the text. */
    title: string;
    tags: string[];
    /** How its text begins. */
    preview: string;
    /** Where its text is. */
    filePath: string;
    /** Bytes. */
    fileSize: number;
    /** SHA-256 of the text, hexadecimal. */
    checksum: string;
    /** What else is known of it, by name: any JSON, 64 KiB of text at most. */
    properties: Record<string, unknown>;
    /** The file that it was imported from; absent: none. */
    origin?: NoteOrigin;
    /** The text, Markdown. */
    content: string;
    /** The tags that were given; absent: all of them. */
    ownTags?: string[];
    /** The tags that its text has (#tag), which are among its tags, as far as there is room for them; absent: it has none. */
    textTags?: string[];
}
export interface NoteVersion {
    version: number;
    /** When it was made. A time, ISO 8601. */
    at: string;
    /** Of the change: api, agent, sync, ... */
    source: string;
    /** The command behind it. */
    requestId?: string;
    /** The event by which that was asked for. */
    eventId?: string;
    /** Who asked for it. Absent: the pod itself. */
    actor?: VersionActor;
    /** Why, in their words. Absent: they gave none. */
    reason?: string;
    /** True: what is stored of it cannot be read; its fields are empty, and the log has what they were. */
    damaged?: boolean;
    /** A creation that gives none takes the first line of the text. */
    title: string;
    tags: string[];
    /** What else is known of it, by name: any JSON, 64 KiB of text at most. */
    properties: Record<string, unknown>;
    /** The file that it was imported from; absent: none. */
    origin?: NoteOrigin;
    /** Where its text is. */
    filePath: string;
    /** Bytes. */
    fileSize: number;
    /** SHA-256 of the text, hexadecimal. */
    checksum: string;
}
export interface NoteHistory {
    /** The newest first. */
    versions: NoteVersion[];
    /** Absent on the last page. */
    nextBefore?: number;
}
export interface Note {
    id: string;
    /** 1 when made, +1 with each change. */
    version: number;
    /** A time, ISO 8601. */
    createdAt: string;
    /** A time, ISO 8601. */
    updatedAt: string;
    /** True: what is stored of it cannot be read; its fields are empty, and the log has what they were. */
    damaged?: boolean;
    /** A creation that gives none takes the first line of the text. */
    title: string;
    tags: string[];
    /** How its text begins. */
    preview: string;
    /** Where its text is. */
    filePath: string;
    /** Bytes. */
    fileSize: number;
    /** SHA-256 of the text, hexadecimal. */
    checksum: string;
    /** What else is known of it, by name: any JSON, 64 KiB of text at most. Absent from a list where it is larger than 2 KiB. */
    properties?: Record<string, unknown>;
    /** The file that it was imported from; absent: none. Absent from a list where it is larger than 2 KiB. */
    origin?: NoteOrigin;
    /** The tags that were given; absent: all of them. */
    ownTags?: string[];
    /** The tags that its text has (#tag), which are among its tags, as far as there is room for them; absent: it has none. */
    textTags?: string[];
}
export interface NoteList {
    notes: Note[];
    /** All that match, on every page. */
    total: number;
    /** True: there are more; not all were counted. */
    totalIsAtLeast?: boolean;
    /** True: the total, which is kept behind the writes, may not have your last ones yet: the pod is overloaded, its disk is full, or what counts was stopped. Else absent. */
    totalIsStale?: boolean;
    /** Absent on the last page. A page before it may be short, or empty. */
    nextCursor?: string;
}
export interface NoteUpload {
    /** Of the upload, and of the note then. */
    id: string;
    method: string;
    /** Where the text can be put, once, by whoever has it. */
    url: string;
    /** To be sent with it. */
    headers: Record<string, string>;
    /** A time, ISO 8601. */
    expiresAt: string;
}
export interface NoteUrl {
    version: number;
    /** Where whoever has it can get the text. */
    url: string;
    /** A time, ISO 8601. */
    expiresAt: string;
    /** Bytes. */
    size: number;
    /** SHA-256 of the text, hexadecimal. */
    checksum: string;
}
export interface Check {
    name: string;
    status: "ok" | "warn" | "fail";
    message: string;
    /** What to do. */
    advice?: string;
}
export interface Examination {
    checks: Check[];
    /** When they were made. A time, ISO 8601. */
    at: string;
}
export interface LogLine {
    /** Its place in the log of one process. */
    id: string;
    /** A time, ISO 8601. */
    time: string;
    level: "error" | "warn" | "info" | "debug";
    /** The part of the pod that says it. */
    room: string;
    /** A sentence. */
    message: string;
    /** What the sentence is about, by name. */
    fields: Record<string, unknown>;
}
export interface LogLines {
    /** The oldest first. */
    lines: LogLine[];
    /** The end of the log: pod.watchLogs goes on behind it. */
    lastId: string;
    /** Less important lines are not written (the setting log_level). */
    writtenLevel: "error" | "warn" | "info" | "debug";
    /** Lines since the start that are not remembered any more. */
    forgotten: number;
}
export interface PodSample {
    /** When it was taken, in milliseconds since 1970. Rates and means are of the time since the one before. */
    at: number;
    eventsPerSecond: number;
    callsPerSecond: number;
    /** Of a commit, its sync included, in the mean. Absent: there was none. */
    commitSeconds?: number;
    /** Of the sync of a commit, in the mean. */
    syncSeconds?: number;
    /** The memory of the process. */
    residentBytes: number;
    /** The file of the log of changes. */
    logOfChangesBytes: number;
    connections: number;
    /** Jobs that nobody does yet. */
    queuedJobs: number;
    /** Events that the read model which is furthest behind has not folded. */
    lagEvents: number;
}
export interface SampleList {
    /** The oldest first. None in the first seconds after the start. */
    samples: PodSample[];
    /** The pod's time now, in milliseconds since 1970: what the times of the samples are compared with. */
    at: number;
}
export interface SettingInForce {
    /** As in the file: http_threads. */
    name: string;
    /** As one would write it; empty: nothing. Of a secret only (set) or (not set). */
    value: string;
    default: string;
    from: "default" | "file" | "environment" | "flag";
    description: string;
}
export interface SettingList {
    settings: SettingInForce[];
}
export interface ProjectionStatus {
    name: string;
    kind: "inline" | "follower";
    /** rebuilding: the tables before serve meanwhile. */
    status: "live" | "rebuilding" | "verifying" | "stopped";
    /** Of its description. */
    version: string;
    /** The events up to here are in it. */
    position: number;
    /** Events that are not. */
    lag: number;
    /** Why it was stopped. */
    error?: string;
    /** How far a second set of its tables is filled. */
    filledTo?: number;
    /** Until that is at the end, at the present pace. */
    secondsLeft?: number;
}
export interface ProjectionList {
    projections: ProjectionStatus[];
    /** The last position of the log. */
    end: number;
}
export interface Rebuilding {
    /** It has begun; projections.list tells how far it is. */
    status: "rebuilding";
    name: string;
}
export interface ProjectionComparison {
    name: string;
    /** The live tables are what follows from the log. */
    ok: boolean;
    /** That were compared. */
    rows: number;
    /** SHA-256. */
    liveDigest: string;
    /** SHA-256. */
    rebuiltDigest: string;
    firstDifference?: string;
}
export interface Project {
    id: string;
    /** 1 when made, +1 with each change. */
    version: number;
    /** A time, ISO 8601. */
    createdAt: string;
    /** A time, ISO 8601. */
    updatedAt: string;
    /** True: what is stored of it cannot be read; its fields are empty, and the log has what they were. */
    damaged?: boolean;
    title: string;
    /** Markdown. */
    description: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    startDate?: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    endDate?: string;
    status: "active" | "paused" | "completed";
}
export interface ProjectVersion {
    version: number;
    /** When it was made. A time, ISO 8601. */
    at: string;
    /** Of the change: api, agent, sync, ... */
    source: string;
    /** The command behind it. */
    requestId?: string;
    /** The event by which that was asked for. */
    eventId?: string;
    /** Who asked for it. Absent: the pod itself. */
    actor?: VersionActor;
    /** Why, in their words. Absent: they gave none. */
    reason?: string;
    /** True: what is stored of it cannot be read; its fields are empty, and the log has what they were. */
    damaged?: boolean;
    title: string;
    /** Markdown. */
    description: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    startDate?: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    endDate?: string;
    status: "active" | "paused" | "completed";
}
export interface ProjectHistory {
    /** The newest first. */
    versions: ProjectVersion[];
    /** Absent on the last page. */
    nextBefore?: number;
}
export interface ProjectList {
    projects: Project[];
    /** All that match, on every page. */
    total: number;
    /** True: there are more; not all were counted. */
    totalIsAtLeast?: boolean;
    /** True: the total, which is kept behind the writes, may not have your last ones yet: the pod is overloaded, its disk is full, or what counts was stopped. Else absent. */
    totalIsStale?: boolean;
    /** Absent on the last page. A page before it may be short, or empty. */
    nextCursor?: string;
}
export interface ProposalActor {
    kind: "key" | "run" | "agent";
    id: string;
}
export interface ProposalResult {
    /** What the call was about. */
    entityId?: string;
    /** Of the call: requests.get tells what came of it. */
    requestId?: string;
    /** Its answer. */
    result: unknown;
}
export interface ProposalError {
    /** As "CONFLICT". */
    name: string;
    message: string;
}
export interface ProposedField {
    field: string;
    /** Absent: there is none. */
    before?: unknown;
    /** Absent: there will be none. */
    after?: unknown;
    /** True: of what is over 64 KiB the beginning is shown, as text. */
    isCut?: boolean;
}
export interface WholeProposal {
    id: string;
    /** That is to be called. */
    procedure: string;
    /** accepting: it was accepted, and is being carried out. failed: it was accepted, and the call was refused. */
    status: "open" | "accepting" | "accepted" | "failed" | "rejected" | "withdrawn" | "expired";
    proposedBy: ProposalActor;
    /** Why; "" where nobody said. */
    reason: string;
    /** Of the thing that it would change. */
    entityType?: string;
    entityId?: string;
    /** That the thing had when this was proposed. */
    baseVersion?: number;
    /** A time, ISO 8601. */
    createdAt: string;
    /** From then on nobody can accept it. A time, ISO 8601. */
    expiresAt: string;
    /** A time, ISO 8601. */
    decidedAt?: string;
    decidedBy?: ProposalActor;
    decisionReason?: string;
    /** Of the call. */
    input: Record<string, unknown>;
    /** With which it was accepted instead. */
    editedInput?: Record<string, unknown>;
    /** Of an accepted one. */
    result?: ProposalResult;
    /** Why the call was refused. */
    error?: ProposalError;
    /** What it would change, as it was proposed: fields that stay as they are are left out. Without `before` where your key may not read the thing. */
    diff: ProposedField[];
    /** Of the thing, now. Absent: it is none, or gone. */
    version?: number;
    /** The thing has changed since this was proposed: accepted, it would be refused. */
    isConflict: boolean;
}
export interface Proposal {
    id: string;
    /** That is to be called. */
    procedure: string;
    /** accepting: it was accepted, and is being carried out. failed: it was accepted, and the call was refused. */
    status: "open" | "accepting" | "accepted" | "failed" | "rejected" | "withdrawn" | "expired";
    proposedBy: ProposalActor;
    /** Why; "" where nobody said. */
    reason: string;
    /** Of the thing that it would change. */
    entityType?: string;
    entityId?: string;
    /** That the thing had when this was proposed. */
    baseVersion?: number;
    /** A time, ISO 8601. */
    createdAt: string;
    /** From then on nobody can accept it. A time, ISO 8601. */
    expiresAt: string;
    /** A time, ISO 8601. */
    decidedAt?: string;
    decidedBy?: ProposalActor;
    decisionReason?: string;
}
export interface ProposalList {
    /** The newest first. */
    proposals: Proposal[];
    /** Of all pages; at most 10,000 are counted. */
    total: number;
    /** Absent on the last page. */
    nextCursor?: string;
}
export interface Relation {
    id: string;
    /** 1 when made, +1 with each change. */
    version: number;
    /** A time, ISO 8601. */
    createdAt: string;
    /** A time, ISO 8601. */
    updatedAt: string;
    /** True: what is stored of it cannot be read; its fields are empty, and the log has what they were. */
    damaged?: boolean;
    /** The thing that it leads from. */
    fromId: string;
    /** The thing that it leads to. */
    toId: string;
    /** related_to, part_of, depends_on, mentioned_in, created_from, supersedes, similar_to, contradicts, or a word of your own: small letters, digits and _. */
    type: string;
    /** What else is known of it, by name: any JSON, 16 KiB of text at most. */
    properties: Record<string, unknown>;
    /** Since when it holds; absent: always has. A day or a time, as dueDate of tasks. */
    validFrom?: string;
    /** Until when it held; absent: still does. A day is over at its end. */
    validTo?: string;
}
export interface RelationVersion {
    version: number;
    /** When it was made. A time, ISO 8601. */
    at: string;
    /** Of the change: api, agent, sync, ... */
    source: string;
    /** The command behind it. */
    requestId?: string;
    /** The event by which that was asked for. */
    eventId?: string;
    /** Who asked for it. Absent: the pod itself. */
    actor?: VersionActor;
    /** Why, in their words. Absent: they gave none. */
    reason?: string;
    /** True: what is stored of it cannot be read; its fields are empty, and the log has what they were. */
    damaged?: boolean;
    /** The thing that it leads from. */
    fromId: string;
    /** The thing that it leads to. */
    toId: string;
    /** related_to, part_of, depends_on, mentioned_in, created_from, supersedes, similar_to, contradicts, or a word of your own: small letters, digits and _. */
    type: string;
    /** What else is known of it, by name: any JSON, 16 KiB of text at most. */
    properties: Record<string, unknown>;
    /** Since when it holds; absent: always has. A day or a time, as dueDate of tasks. */
    validFrom?: string;
    /** Until when it held; absent: still does. A day is over at its end. */
    validTo?: string;
}
export interface RelationHistory {
    /** The newest first. */
    versions: RelationVersion[];
    /** Absent on the last page. */
    nextBefore?: number;
}
export interface RelationList {
    relations: Relation[];
    /** All that match, on every page. */
    total: number;
    /** True: there are more; not all were counted. */
    totalIsAtLeast?: boolean;
    /** True: the total, which is kept behind the writes, may not have your last ones yet: the pod is overloaded, its disk is full, or what counts was stopped. Else absent. */
    totalIsStale?: boolean;
    /** Absent on the last page. A page before it may be short, or empty. */
    nextCursor?: string;
}
export interface NeighbourThing {
    id: string;
    /** note, task, ... */
    noun: string;
    /** "" where it has none. */
    title: string;
    /** How many relations away; 0: the thing that was asked about. */
    depth: number;
}
export interface NeighbourRelation {
    id: string;
    fromId: string;
    toId: string;
    type: string;
}
export interface Neighbours {
    /** The nearest first. */
    things: NeighbourThing[];
    /** Each between two of the things. */
    relations: NeighbourRelation[];
    /** There is more within this depth: more things than the limit, or more than 2,000 relations. */
    isCut: boolean;
}
export interface RequestError {
    /** As "NOT_FOUND". */
    name: string;
    message: string;
}
export interface Request {
    requestId: string;
    status: "pending" | "completed" | "failed";
    /** Of the command's event. */
    type: string;
    /** What it is about. */
    entityId?: string;
    /** Why it failed. */
    error?: RequestError;
    /** The command's event and all that followed from it. */
    events: SynapEvent[];
}
export interface Cancelled {
    status: "cancelled";
    runId: string;
}
export interface RunError {
    name: string;
    message: string;
}
export interface RunOrigin {
    kind: "invoke" | "rerun" | "replay";
    /** rerun: of that run. */
    runId?: string;
    /** rerun: what that run had done before this step was taken over. */
    fromStep?: string;
    /** replay: of functions.replay. */
    replayId?: string;
    /** It was handed something else than that run. */
    edited?: boolean;
}
export interface RunEvent {
    id: string;
    type: string;
    position: number;
}
export interface FailedAttempt {
    /** The hash of its step. Absent: the function's own code failed. */
    step?: string;
    /** Of its step. */
    name?: string;
    /** A time, ISO 8601. */
    startedAt?: string;
    /** A time, ISO 8601. */
    endedAt: string;
    error: RunError;
}
export interface RunStep {
    /** What tells it from others of its name. */
    hash: string;
    name: string;
    op: "StepRun" | "StepError" | "StepFailed" | "Sleep" | "WaitForEvent" | "InvokeFunction" | "WaitForSignal" | "RunComplete";
    /** That it took. */
    attempts: number;
    /** What it was given, if that is known. Of a wait: {event, path, value, if} or {signal}; of an invocation {function, eventId}: runs.list has the run for that event. */
    input?: unknown;
    /** {data}, {error}, the event that was waited for, or null for a sleep or a wait in vain. Absent where it is large. */
    result?: unknown;
    /** Of a result that is too large to stand here: runs.result has it. */
    resultBytes?: number;
    /** Its beginning. */
    resultPreview?: string;
    /** When the attempt that gave the result began, or the wait. Absent: not known. A time, ISO 8601. */
    startedAt?: string;
    /** A time, ISO 8601. */
    endedAt: string;
    /** When it was on disk; from then on it is not done again. A time, ISO 8601. */
    storedAt: string;
}
export interface PendingRunStep {
    hash: string;
    name: string;
    /** StepError: it failed and is to be tried again. */
    op: "StepError" | "Sleep" | "WaitForEvent" | "InvokeFunction" | "WaitForSignal";
    /** That have failed. */
    attempts: number;
    /** As of a step that is done. */
    input?: unknown;
    /** When it was first begun. Absent: not known. A time, ISO 8601. */
    startedAt?: string;
    /** When it is tried again, when the sleep ends, or until when it is waited for. Absent: as soon as that is possible, or, of a wait, for ever. A time, ISO 8601. */
    dueAt?: string;
    /** Of its last attempt. */
    error?: RunError;
}
export interface RunWithSteps {
    id: string;
    function: string;
    /** active: queued, under way, or between two attempts. failed: a dead letter. discarded: a dead letter that somebody has put away. */
    status: "active" | "sleeping" | "completed" | "failed" | "cancelled" | "discarded";
    /** That have ended. */
    attempts: number;
    /** What it is a run for. */
    eventId: string;
    /** "missing": the event's row is gone, as after damage to the disk; eventId is then all zeros. */
    eventType: string;
    eventPosition: number;
    /** When it was queued. A time, ISO 8601. */
    createdAt: string;
    /** When its function was first called. Absent: it was not, or that call goes on and has stored nothing yet. A time, ISO 8601. */
    startedAt?: string;
    /** A time, ISO 8601. */
    endedAt?: string;
    /** Of the last attempt that failed. */
    error?: RunError;
    /** Why there is this run, if it is not that the event triggered its function. */
    origin?: RunOrigin;
    /** Of many nodes the one that made its last call, by its name. Absent: the pod is alone, or no call has stored anything yet. */
    node?: string;
    /** From when it was queued to its first call. */
    queueDelayMs?: number;
    /** Of a run for a batch: its events, at most 100 of them. */
    events?: RunEvent[];
    /** What it came to. Absent where it is large, or has not completed. */
    output?: unknown;
    /** Of an output that is too large to stand here: runs.result has it. */
    outputBytes?: number;
    /** Its beginning. */
    outputPreview?: string;
    /** The oldest first; the newest 1,000. The one that worked is the step itself. */
    failedAttempts: FailedAttempt[];
    /** Those that are done, in their order. */
    steps: RunStep[];
    /** Those that are begun and not done. */
    pendingSteps: PendingRunStep[];
}
export interface Run {
    id: string;
    function: string;
    /** active: queued, under way, or between two attempts. failed: a dead letter. discarded: a dead letter that somebody has put away. */
    status: "active" | "sleeping" | "completed" | "failed" | "cancelled" | "discarded";
    /** That have ended. */
    attempts: number;
    /** What it is a run for. */
    eventId: string;
    /** "missing": the event's row is gone, as after damage to the disk; eventId is then all zeros. */
    eventType: string;
    eventPosition: number;
    /** When it was queued. A time, ISO 8601. */
    createdAt: string;
    /** When its function was first called. Absent: it was not, or that call goes on and has stored nothing yet. A time, ISO 8601. */
    startedAt?: string;
    /** A time, ISO 8601. */
    endedAt?: string;
    /** Of the last attempt that failed. */
    error?: RunError;
    /** Why there is this run, if it is not that the event triggered its function. */
    origin?: RunOrigin;
    /** Of many nodes the one that made its last call, by its name. Absent: the pod is alone, or no call has stored anything yet. */
    node?: string;
}
export interface RunList {
    /** The newest first. */
    runs: Run[];
    /** Absent on the last page. A page before it may be short, or empty. */
    nextCursor?: string;
    /** True: this page ends before it is full, since enough was looked at for it. Go on with nextCursor. */
    isCut?: boolean;
    /** Of a page that is cut: all runs queued since then were looked at. A time, ISO 8601. */
    lookedTo?: string;
}
export interface Rerun {
    status: "pending";
    /** The new run. */
    runId: string;
}
export interface WholeResult {
    /** Of a step as in runs.get: {data}, {error} and so on. Of a run what it came to. */
    result: unknown;
}
export interface Retried {
    status: "pending";
    runId: string;
}
export interface SnippetPart {
    text: string;
    /** It is what was looked for. */
    match: boolean;
}
export interface SearchScores {
    /** By its words: 0 for none of them, 0.67 for each of them once. Absent where words were not looked for. */
    text?: number;
    /** By its meaning: 0.5 where it is as near as the nearest of a thousand unrelated texts. Absent where meaning was not looked for, or is not known yet. */
    semantic?: number;
    /** 0.999 where the title is what was looked for, word for word. Else absent. */
    title?: number;
}
export interface SearchHit {
    entityId: string;
    /** note, task, ... */
    entityType: string;
    /** Of a thing of a type of your own: x.book. It is an entity. Else absent. */
    type?: string;
    /** "" where it has none. */
    title: string;
    /** Of its text, where most of what was looked for stands together, on one line: the parts behind each other. How it begins, where only its title or tags match. Of the passage, where it was found by its meaning above all. */
    snippet: SnippetPart[];
    /** What of its text is nearest to what was looked for, by its meaning. */
    passage?: string;
    /** Larger is better; to be compared within one answer only. 0: by filters alone. */
    score: number;
    /** What the score is made of, each 0 to 1. */
    scores: SearchScores;
    /** A time, ISO 8601. */
    updatedAt: string;
}
export interface SearchBuilding {
    /** The events up to here are in it. */
    position: number;
    /** The last position of the log. */
    end: number;
}
export interface SearchHits {
    /** The best first. */
    hits: SearchHit[];
    /** What answered. */
    mode: "hybrid" | "text" | "semantic";
    /** Why not the mode that was asked for, or what is missing in it: no model; its index is not complete; it took too long. */
    modeReason?: string;
    /** All that match, of whom an answer by meaning has the best only; absent in a partial answer. */
    total?: number;
    /** True: words are in more texts than are ranked (100,000, with a phrase or times 50,000; on PostgreSQL 2,000), of which the newest with the rarest words were looked at; or a filter is about more than 20,000 things, of which those nearest to what is meant were; or the index is being made (building). */
    partial: boolean;
    /** So many events of the pod are not in the index yet: mostly 0. */
    lag: number;
    /** The index of words is being made, and has not come to the end of the log yet: how far it is. Else absent. */
    building?: SearchBuilding;
    /** What explains that nothing is found: filters that nothing of yours passes. */
    notices: string[];
    /** Absent on the last page. */
    nextCursor?: string;
}
export interface SimilarHits {
    /** The nearest first, never itself. */
    hits: SearchHit[];
    /** What is missing: the index of meanings is not complete. */
    reason?: string;
}
export interface SearchedType {
    /** note, task, ..., x.book */
    name: string;
    /** Of a type of your own that has one. */
    icon?: string;
}
export interface MeaningStatus {
    /** none: there is no model, words answer alone; filling: things are missing still; rebuilding: the model before answers meanwhile; failing: it is tried again. */
    status: "none" | "live" | "filling" | "rebuilding" | "failing";
    /** That is used. */
    model?: string;
    /** That were added, the newest first. */
    models: string[];
    /** Numbers of a vector. */
    dimension?: number;
    /** Of your texts. */
    passages: number;
    /** The events up to here are in. */
    position?: number;
    /** Events that are not. */
    lag?: number;
    /** While it is rebuilt: how far the new one is. */
    filledTo?: number;
    /** Lately. */
    passagesPerSecond: number;
    /** Until all is in, at that speed. */
    etaSeconds?: number;
    /** Of vectors that are in memory. */
    memoryBytes: number;
    memoryBytesMax: number;
    /** Where its index is: in the database nodes have one together. */
    place: "directory" | "database";
    /** What compares your vectors: neighbours: they are more than memoryBytesMax, and an index of pgvector does; nothing: they are more, and words answer. */
    comparedBy: "memory" | "neighbours" | "nothing";
    /** Why there is none, or it fails. */
    error?: string;
}
export interface SearchStatus {
    /** filling: it is behind the log by more than a moment; rebuilding: the index before answers meanwhile; failing: it is tried again. */
    status: "live" | "filling" | "rebuilding" | "failing";
    /** Of yours, that can be found. */
    documents: number;
    /** The events up to here are in it. */
    position: number;
    /** The last position of the log. */
    end: number;
    /** Events that are not in it. */
    lag: number;
    /** While it is rebuilt: how far the new one is. */
    filledTo?: number;
    /** Why nothing is written into it. */
    error?: string;
    /** By which search.query filters: those of the pod, and behind entity your own. */
    types: SearchedType[];
    /** Of search by meaning: its model, and its index. */
    meaning: MeaningStatus;
}
export interface Suggestion {
    entityId: string;
    entityType: string;
    /** Of a thing of a type of your own: x.book. It is an entity. Else absent. */
    type?: string;
    title: string;
}
export interface Suggestions {
    /** In the order of their titles. */
    suggestions: Suggestion[];
}
export interface SignInLink {
    /** Shown this once. */
    token: string;
    /** The link, from the pod's address on: "/#token=...". What stands behind the # is sent to no server and kept in no log. */
    path: string;
    /** A time, ISO 8601. */
    expiresAt: string;
}
export interface SentSignal {
    eventId: string;
    /** Its place in the whole log. */
    position: number;
}
export interface StoreItemDeletion {
    /** It is gone, on disk. */
    status: "completed";
    /** Of the item. */
    entityId: string;
    /** False: there was none, and nothing is recorded. */
    wasThere: boolean;
}
export interface StoreItem {
    namespace: string[];
    key: string;
    value: Record<string, unknown>;
    /** Grows with each change, also where it was deleted in between. */
    version: number;
    /** A time, ISO 8601. */
    createdAt: string;
    /** A time, ISO 8601. */
    updatedAt: string;
}
export interface GottenStoreItem {
    /** Absent: there is none. */
    item?: StoreItem;
}
export interface StoreNamespaceList {
    /** In the order of their labels. */
    namespaces: string[][];
    /** There are more than could be looked through in one call. */
    isCut: boolean;
}
export interface FoundStoreItem {
    namespace: string[];
    key: string;
    value: Record<string, unknown>;
    /** Grows with each change, also where it was deleted in between. */
    version: number;
    /** A time, ISO 8601. */
    createdAt: string;
    /** A time, ISO 8601. */
    updatedAt: string;
    /** Of a query; the highest first. */
    score?: number;
}
export interface FoundStoreItems {
    items: FoundStoreItem[];
    /** More than could be looked through, or answered, in one call: there may be others. */
    isCut: boolean;
    /** By what a query was answered. */
    mode?: "text" | "hybrid" | "semantic";
    /** Why by that. */
    modeReason?: string;
}
export interface TagColour {
    tag: string;
    colour: "red" | "orange" | "yellow" | "green" | "teal" | "blue" | "purple" | "pink" | "brown" | "grey" | null;
}
export interface TagCount {
    tag: string;
    /** Notes that have it. */
    count: number;
    /** Absent: it has none. */
    colour?: "red" | "orange" | "yellow" | "green" | "teal" | "blue" | "purple" | "pink" | "brown" | "grey";
}
export interface TagList {
    /** In the order of their names. */
    tags: TagCount[];
    /** True: the counts and colours, which are kept behind the writes, may not have your last ones yet. Else absent. */
    countsAreStale?: boolean;
    /** Absent on the last page. */
    nextCursor?: string;
}
export interface Task {
    id: string;
    /** 1 when made, +1 with each change. */
    version: number;
    /** A time, ISO 8601. */
    createdAt: string;
    /** A time, ISO 8601. */
    updatedAt: string;
    /** True: what is stored of it cannot be read; its fields are empty, and the log has what they were. */
    damaged?: boolean;
    title: string;
    /** Markdown. */
    description: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    dueDate?: string;
    priority: "low" | "normal" | "high" | "urgent";
    status: "open" | "in_progress" | "done";
    /** The project it is for. */
    projectId?: string;
}
export interface TaskVersion {
    version: number;
    /** When it was made. A time, ISO 8601. */
    at: string;
    /** Of the change: api, agent, sync, ... */
    source: string;
    /** The command behind it. */
    requestId?: string;
    /** The event by which that was asked for. */
    eventId?: string;
    /** Who asked for it. Absent: the pod itself. */
    actor?: VersionActor;
    /** Why, in their words. Absent: they gave none. */
    reason?: string;
    /** True: what is stored of it cannot be read; its fields are empty, and the log has what they were. */
    damaged?: boolean;
    title: string;
    /** Markdown. */
    description: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    dueDate?: string;
    priority: "low" | "normal" | "high" | "urgent";
    status: "open" | "in_progress" | "done";
    /** The project it is for. */
    projectId?: string;
}
export interface TaskHistory {
    /** The newest first. */
    versions: TaskVersion[];
    /** Absent on the last page. */
    nextBefore?: number;
}
export interface TaskList {
    tasks: Task[];
    /** All that match, on every page. */
    total: number;
    /** True: there are more; not all were counted. */
    totalIsAtLeast?: boolean;
    /** True: the total, which is kept behind the writes, may not have your last ones yet: the pod is overloaded, its disk is full, or what counts was stopped. Else absent. */
    totalIsStale?: boolean;
    /** Absent on the last page. A page before it may be short, or empty. */
    nextCursor?: string;
}
export interface User {
    id: string;
    name: string;
    role: "owner" | "member";
    /** A time, ISO 8601. */
    createdAt: string;
    /** That are neither revoked nor expired. */
    keys: number;
}
export interface UserList {
    /** The oldest first. */
    users: User[];
    /** Absent on the last page. */
    nextCursor?: string;
}
export interface AgentRunCompleted {
    entityId: string;
    agent: string;
    output: unknown;
    rounds: number;
    spent: AgentSpent;
}
export interface Failure {
    /** The function that was given up. */
    function: string;
    /** Its run. */
    runId: string;
    /** How often it was tried. */
    attempts: number;
    /** The kind of the last error. */
    name: string;
    /** What the last error said. */
    message: string;
}
export interface AgentRunInterrupted {
    entityId: string;
    question: unknown;
    /** By which it is answered: agents.resume. */
    questionId: string;
}
export interface AgentForkOf {
    /** The run of the agent that it is a fork of. */
    id: string;
    /** Where it begins. */
    checkpoint: number;
    /** Fields of the state there that are replaced. */
    edits: Record<string, unknown>;
    /** Of the graph within the graph whose checkpoint it is. */
    path: string[];
}
export interface AgentRunRequested {
    entityId: string;
    agent: string;
    input: unknown;
    /** What whoever asked may do, and so the agent. */
    scopes: string[];
    fork?: AgentForkOf;
    /** It was begun by an event, or by a run that had read stored text. */
    tainted?: boolean;
    /** Of whose budget its calls of models are: the key that asked for it, or that caused what began it. */
    key?: string;
    /** How many runs of agents there are up to it, each of which followed from the one before. Absent: it is the first. */
    depth?: number;
    /** Whoever asked trusts what it reads: what its model asks for is done at once. */
    trusting?: boolean;
    /** The first of the runs of agents from which it follows. Absent: it is the first. */
    chain?: string;
}
export interface AgentRunResumed {
    entityId: string;
    questionId: string;
    answer: unknown;
}
export interface AgentSwitched {
    agent: string;
    on: boolean;
    /** A cron expression. */
    schedule?: string;
    /** What its runs may do. */
    scopes: string[];
}
export interface ChatMessageCreated {
    /** The thread. */
    entityId: string;
    messageId: string;
    role: "user" | "assistant";
    text: string;
    /** The run of the agent that answers it, or whose answer it is. */
    runId?: string;
    /** That were called for it. */
    tools: ChatToolUse[];
    /** What it goes back to. */
    citations: ChatCitation[];
    /** Why there is no answer. */
    error?: string;
    /** Of an answer: what was stored had been read for it, or for one before it. */
    tainted?: boolean;
    /** By whose right it was sent, or its run was asked for: a session stands for its key. */
    key?: string;
    /** The message that it follows (the thread: it begins it), or that it answers. Absent: it follows the newest. */
    parentId?: string;
    /** Of an answer: somebody has spoken before it by another key. */
    others?: boolean;
}
export interface ChatThreadCreated {
    entityId: string;
    title: string;
}
export interface ChatThreadDeleted {
    entityId: string;
}
export interface ChatThreadRenamed {
    entityId: string;
    title: string;
}
export interface ChatThreadTrusted {
    entityId: string;
    /** What a model asks for to answer it is done at once. */
    trusted: boolean;
    /** By whose right, and for whose messages: a session stands for its key. */
    key: string;
}
export interface EntityCreationCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
    /** One that you have defined: x.book. */
    type: string;
    /** Of the type, by which its data were judged. */
    typeVersion: number;
    /** What its data have where the type says that its title is; else "". */
    title: string;
    /** As the schema of its type says, 256 KiB at most. An update gives the members that change; null takes one away. */
    data: Record<string, unknown>;
}
export interface EntityCreationRequested {
    /** One that you have defined: x.book. */
    type: string;
    /** As the schema of its type says, 256 KiB at most. An update gives the members that change; null takes one away. */
    data: Record<string, unknown>;
}
export interface EntityDeletionCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
}
export interface EntityDeletionRequested {
}
export interface EntityIndexed {
    type: string;
    typeVersion: number;
}
export interface EntityUpdateCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
    /** One that you have defined: x.book. */
    type: string;
    /** Of the type, by which its data were judged. */
    typeVersion: number;
    /** What its data have where the type says that its title is; else "". */
    title: string;
    /** As the schema of its type says, 256 KiB at most. An update gives the members that change; null takes one away. */
    data: Record<string, unknown>;
}
export interface EntityUpdateRequested {
    /** One that you have defined: x.book. */
    type?: string;
    /** As the schema of its type says, 256 KiB at most. An update gives the members that change; null takes one away. */
    data?: Record<string, unknown>;
}
export interface EntityTypeBackfill {
    name: string;
    version: number;
    /** The entity behind which to go on; absent: from the first one on. */
    behind?: string;
}
export interface EntityTypeDefinition {
    /** JSON Schema 2020-12 of the data, at most 64 KiB and 200 properties. */
    schema: Record<string, unknown>;
    /** Properties by which entities.list filters: of one type, and at the top. */
    filters: string[];
    /** Properties by which it sorts all entities of the type. */
    sorts: string[];
    /** Pairs of a filter and a sort that it takes together. With filters and sorts 16 at most. */
    lists: EntityTypeList[];
    /** The property that is the title of a thing. Absent: title, or else name. */
    title?: string;
    /** For those who show it: a sign, or the name of one. */
    icon?: string;
}
export interface EntityTypeDefined {
    name: string;
    version: number;
    definition: EntityTypeDefinition;
}
export interface EntityTypeRemoved {
    name: string;
}
export interface EventTypeRegistered {
    name: string;
    version: number;
    /** JSON Schema 2020-12. */
    schema: Record<string, unknown>;
}
export interface RunEnd {
    /** The function whose run has ended. */
    function: string;
    /** The run. */
    runId: string;
    status: "completed" | "failed" | "cancelled";
    /** What it was a run for. */
    eventId: string;
    /** How often it was tried. */
    attempts: number;
    /** The kind of the last error. */
    name?: string;
    /** What the last error said. */
    message?: string;
}
export interface Invocation {
    /** The function that is to run. */
    function: string;
    /** What it is handed. */
    data: unknown;
    /** The run that asks for it. */
    runId: string;
    /** The step of that run, as a hash in hex. */
    step: string;
    /** How many runs that were asked for stand before it in a chain. */
    depth?: number;
    /** The function of that run. */
    sourceFunction?: string;
    /** The app of that function. */
    sourceApp?: string;
    /** Of the step. */
    name?: string;
    /** Until when the step waits for the result. A time, ISO 8601. */
    expiresAt?: string;
    /** v, user and meta, as Inngest's SDK has them. */
    sdk?: Record<string, unknown>;
}
export interface FunctionAct {
    /** Its id. */
    function: string;
}
export interface ReplayAct {
    /** Its id. */
    function: string;
    /** Runs have it in their origin. */
    replayId: string;
    /** Of the first event. */
    fromPosition: number;
    /** Of the last. */
    toPosition: number;
}
export interface Tick {
    /** The function that is to run. */
    function: string;
    /** Its schedule. */
    cron: string;
    /** Before jitter. A time, ISO 8601. */
    scheduledAt: string;
    /** Ticks before this one that have no run, since the pod was not there; counted up to 10,000. */
    missed: number;
}
export interface GraphThreadPlace {
    /** As its graph names it. */
    threadId: string;
    /** Of which subgraph. */
    checkpointNs?: string;
    checkpointId?: string;
}
export interface HttpRequest {
    /** https://shop.example */
    domain: string;
    method: string;
    path: string;
    /** Of who asked, as the app has seen it. */
    ip: string;
    content_type: string;
    /** Without a '?'. */
    query_params: string;
    body: string;
    /** The id that its author gave the endpoint; empty: none. */
    fn: string;
}
export interface KeyCreated {
    keyId: string;
    name: string;
    prefix: string;
    /** SHA-256 of the key, hexadecimal. */
    hash: string;
    /** What it may do; absent: all that its user may. */
    scopes?: string[];
    /** Absent: never. A time, ISO 8601. */
    expiresAt?: string;
    /** What else it is than an API key: the session of a browser. Absent: an API key. */
    kind?: "session";
    /** Of a session: the key for which it stands, and with which it ends. */
    parent?: string;
}
export interface KeyRevoked {
    keyId: string;
}
export interface ModelCall {
    callId: string;
    capability: "chat" | "embed";
    provider: string;
    wire: string;
    model: string;
    /** The model as the provider names it. */
    answeredBy?: string;
    /** Of whose budget it is, UTC. */
    day: string;
    /** Tokens. */
    input: number;
    /** Tokens. */
    output: number;
    /** Of input. */
    cached: number;
    /** Of input: what the provider has begun to keep. Absent: nothing. */
    cacheWritten?: number;
    /** True: the provider did not come to say how many tokens. */
    estimated: boolean;
    /** Billionths of the currency of the settings. */
    costNanos: number;
    ms: number;
    /** Until the first piece of the answer was there. */
    firstMs?: number;
    finish: "stop" | "length" | "tools" | "filtered" | "other" | "error" | "cancelled" | "interrupted";
    /** Its code. */
    error?: string;
    reason?: string;
    /** Of HTTP. */
    status?: number;
    /** The provider's. */
    requestId?: string;
    /** SHA-256 of what was sent, hexadecimal. */
    requestHash: string;
    /** Requests, of all providers that were tried. */
    attempts: number;
    /** The chain of runs of agents that it is of: its first run. */
    chain?: string;
    /** The key whose budget it is of, where another acted: a session of that key, or an agent's run that was asked for by it. */
    key?: string;
    /** So many keys and the like were left out of what was asked. */
    secrets?: number;
}
export interface NoteFile {
    /** Its name in the content store. */
    name: string;
    /** Bytes. */
    size: number;
    /** SHA-256 of the text, hexadecimal. */
    checksum: string;
}
export interface NoteCreationCompleted {
    entityId: string;
    /** A creation that gives none takes the first line of the text. */
    title: string;
    tags: string[];
    /** What else is known of it, by name: any JSON, 64 KiB of text at most. */
    properties?: Record<string, unknown>;
    /** The file that it was imported from; absent: none. */
    origin?: NoteOrigin;
    /** How the text begins. */
    preview: string;
    file: NoteFile;
    /** The fields that would follow from the text, and were given; absent: none, or as before. */
    given?: string[];
    /** The tags that the text has, which are among the tags; absent: as before. */
    textTags?: string[];
    /** The tags that were given, where some of them are in the text as well. */
    ownTags?: string[];
    /** When it was made where it comes from; absent: now. A time, ISO 8601. */
    createdAt?: string;
    /** When it was changed where it comes from; absent: now. A time, ISO 8601. */
    updatedAt?: string;
    /** That it has now. */
    version: number;
    /** When the change was asked for. A time, ISO 8601. */
    at: string;
    /** By which way: api, agent, sync, ... */
    source: string;
}
export interface NotePresentText {
    /** A tag of it that is to be renamed. */
    tag?: string;
    /** Absent: it is to be a word, and no tag. */
    to?: string;
    /** What links of it say, and are to say no more. */
    links?: string[];
    /** What they are to say. */
    newTarget?: string;
}
export interface NoteText {
    /** The text, if it is short. */
    content?: string;
    /** Where it is, if it is long. */
    file?: NoteFile;
    /** How a text in a file begins. */
    preview?: string;
    /** The text that there is, to be looked at anew. */
    present?: NotePresentText;
}
export interface NoteCreationRequested {
    text: NoteText;
    /** A creation that gives none takes the first line of the text. */
    title: string;
    tags: string[];
    /** What else is known of it, by name: any JSON, 64 KiB of text at most. */
    properties?: Record<string, unknown>;
    /** The file that it was imported from; absent: none. */
    origin?: NoteOrigin;
    /** The fields that would follow from the text, and were given; absent: none, or as before. */
    given?: string[];
    /** The tags that are given, whatever the text has. */
    ownTags?: string[];
    /** When it was made where it comes from; absent: now. A time, ISO 8601. */
    createdAt?: string;
    /** When it was changed where it comes from; absent: now. A time, ISO 8601. */
    updatedAt?: string;
}
export interface NoteDeletionCompleted {
    entityId: string;
    /** When it was asked for. A time, ISO 8601. */
    at: string;
}
export interface NoteDeletionRequested {
}
export interface NoteLinkReading {
    /** The note behind which to go on; absent: from the first one on. */
    behind?: string;
    /** Notes. */
    read: number;
    /** Those of them whose links, tags or aliases were not known as they are. */
    found: number;
    /** Those whose text is not where it was stored. */
    unreadable: number;
}
export interface WikiLink {
    /** What it leads to, as it is written: [[target#heading|words]]. */
    target: string;
    /** Of the first link to it that has one. */
    heading?: string;
    /** The words next to it. */
    around: string;
}
export interface WikiLinksRenamed {
    from: string[];
    to: string;
}
export interface NoteLinksFound {
    /** Each target once; the first 500. */
    links: WikiLink[];
    /** The note to which some of them lead has another title, which they say now. */
    renamed?: WikiLinksRenamed;
}
export interface NoteLinksOutdated {
    /** That the note had. */
    title: string;
    /** Of a run that goes on where another one ended: the relation behind which. */
    behind?: string;
    /** Notes that runs before it have changed. */
    changed?: number;
    /** Notes that runs before it have left. */
    left?: number;
}
export interface NoteLinksRenewed {
    /** Notes of which an update was asked for, once each. */
    changed: number;
    /** Notes whose links say the former title still: the new one cannot stand in a link or in this text, or leads to another note; or they were being changed all the time. */
    left?: number;
}
export interface NoteNameAwaited {
    /** Titles, aliases, or paths of files. */
    names: string[];
}
export interface NoteRetaggingCompleted {
    /** Absent in events of earlier versions. */
    tag?: string;
    /** Notes that had it. */
    changed: number;
    /** Of those, so many have it still: they were being changed all the time. */
    left?: number;
    /** Where nothing had a tag that was to be renamed: one below it that is had. */
    below?: string;
}
export interface NoteRetaggingRequested {
    tag: string;
    /** Absent: the tag is taken away. */
    to?: string;
}
export interface NoteTagColoured {
    tag: string;
    /** null: none any more. */
    colour: "red" | "orange" | "yellow" | "green" | "teal" | "blue" | "purple" | "pink" | "brown" | "grey" | null;
}
export interface NoteUpdateCompleted {
    entityId: string;
    /** A creation that gives none takes the first line of the text. */
    title?: string;
    tags?: string[];
    /** What else is known of it, by name: any JSON, 64 KiB of text at most. */
    properties?: Record<string, unknown>;
    /** The file that it was imported from; absent: none. */
    origin?: NoteOrigin | null;
    /** How the text begins. */
    preview?: string;
    /** Absent: as it was. */
    file?: NoteFile;
    /** The fields that would follow from the text, and were given; absent: none, or as before. */
    given?: string[];
    /** The tags that the text has, which are among the tags; absent: as before. */
    textTags?: string[];
    /** The tags that were given, where some of them are in the text as well. */
    ownTags?: string[];
    /** When it was made where it comes from; absent: now. A time, ISO 8601. */
    createdAt?: string;
    /** When it was changed where it comes from; absent: now. A time, ISO 8601. */
    updatedAt?: string;
    /** That it has now. */
    version: number;
    /** When the change was asked for. A time, ISO 8601. */
    at: string;
    /** By which way: api, agent, sync, ... */
    source: string;
}
export interface NoteUpdateRequested {
    text?: NoteText;
    /** A creation that gives none takes the first line of the text. */
    title?: string;
    tags?: string[];
    /** What else is known of it, by name: any JSON, 64 KiB of text at most. */
    properties?: Record<string, unknown>;
    /** The file that it was imported from; absent: none. */
    origin?: NoteOrigin | null;
    /** The fields that are to follow from the text again. */
    following?: string[];
    /** The fields that would follow from the text, and were given; absent: none, or as before. */
    given?: string[];
    /** The tags that are given, whatever the text has. */
    ownTags?: string[];
    /** When it was made where it comes from; absent: now. A time, ISO 8601. */
    createdAt?: string;
    /** When it was changed where it comes from; absent: now. A time, ISO 8601. */
    updatedAt?: string;
}
export interface ProjectCompletionCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
    title: string;
    /** Markdown. */
    description: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    startDate?: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    endDate?: string;
    status: "active" | "paused" | "completed";
}
export interface ProjectCompletionRequested {
}
export interface ProjectCreationCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
    title: string;
    /** Markdown. */
    description: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    startDate?: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    endDate?: string;
    status: "active" | "paused" | "completed";
}
export interface ProjectCreationRequested {
    title: string;
    /** Markdown. */
    description: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    startDate?: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    endDate?: string;
    status: "active" | "paused" | "completed";
}
export interface ProjectDeletionCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
}
export interface ProjectDeletionRequested {
}
export interface ProjectReopeningCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
    title: string;
    /** Markdown. */
    description: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    startDate?: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    endDate?: string;
    status: "active" | "paused" | "completed";
}
export interface ProjectReopeningRequested {
}
export interface ProjectUpdateCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
    title: string;
    /** Markdown. */
    description: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    startDate?: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    endDate?: string;
    status: "active" | "paused" | "completed";
}
export interface ProjectUpdateRequested {
    title?: string;
    /** Markdown. */
    description?: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    startDate?: string | null;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    endDate?: string | null;
    status?: "active" | "paused" | "completed";
}
export interface ProposalAcceptanceCompleted {
    /** What the call was about. */
    entityId?: string;
    /** Of the call: requests.get tells what came of it. */
    requestId?: string;
    /** The call's answer. */
    result: unknown;
}
export interface ProposalAcceptanceRequested {
    /** With which the procedure is called; absent: with the one that was proposed. */
    input?: Record<string, unknown>;
    /** What the accepting key may do. */
    scopes: string[];
}
export interface ProposalCreated {
    /** The one that is to be called. */
    procedure: string;
    /** With this. */
    input: Record<string, unknown>;
    /** Why, as whoever proposed it says. */
    reason?: string;
    /** Of the thing that it would change. */
    entityType?: string;
    entityId?: string;
    /** That the thing had when this was proposed. */
    baseVersion?: number;
    /** From then on nobody can accept it. A time, ISO 8601. */
    expiresAt: string;
    /** The key of the session, or of the agent's run, that proposed it. */
    key?: string;
}
export interface ProposalRejected {
    reason?: string;
}
export interface ProposalWithdrawn {
}
export interface RelationCreationCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
    /** The thing that it leads from. */
    fromId: string;
    /** The thing that it leads to. */
    toId: string;
    /** related_to, part_of, depends_on, mentioned_in, created_from, supersedes, similar_to, contradicts, or a word of your own: small letters, digits and _. */
    type: string;
    /** What else is known of it, by name: any JSON, 16 KiB of text at most. */
    properties: Record<string, unknown>;
    /** Since when it holds; absent: always has. A day or a time, as dueDate of tasks. */
    validFrom?: string;
    /** Until when it held; absent: still does. A day is over at its end. */
    validTo?: string;
}
export interface RelationCreationRequested {
    /** The thing that it leads from. */
    fromId: string;
    /** The thing that it leads to. */
    toId: string;
    /** related_to, part_of, depends_on, mentioned_in, created_from, supersedes, similar_to, contradicts, or a word of your own: small letters, digits and _. */
    type: string;
    /** What else is known of it, by name: any JSON, 16 KiB of text at most. */
    properties: Record<string, unknown>;
    /** Since when it holds; absent: always has. A day or a time, as dueDate of tasks. */
    validFrom?: string;
    /** Until when it held; absent: still does. A day is over at its end. */
    validTo?: string;
}
export interface RelationDeletionCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
}
export interface RelationDeletionRequested {
}
export interface RelationUpdateCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
    /** The thing that it leads from. */
    fromId: string;
    /** The thing that it leads to. */
    toId: string;
    /** related_to, part_of, depends_on, mentioned_in, created_from, supersedes, similar_to, contradicts, or a word of your own: small letters, digits and _. */
    type: string;
    /** What else is known of it, by name: any JSON, 16 KiB of text at most. */
    properties: Record<string, unknown>;
    /** Since when it holds; absent: always has. A day or a time, as dueDate of tasks. */
    validFrom?: string;
    /** Until when it held; absent: still does. A day is over at its end. */
    validTo?: string;
}
export interface RelationUpdateRequested {
    /** The thing that it leads from. */
    fromId?: string;
    /** The thing that it leads to. */
    toId?: string;
    /** related_to, part_of, depends_on, mentioned_in, created_from, supersedes, similar_to, contradicts, or a word of your own: small letters, digits and _. */
    type?: string;
    /** What else is known of it, by name: any JSON, 16 KiB of text at most. */
    properties?: Record<string, unknown>;
    /** Since when it holds; absent: always has. A day or a time, as dueDate of tasks. */
    validFrom?: string | null;
    /** Until when it held; absent: still does. A day is over at its end. */
    validTo?: string | null;
}
export interface RunAct {
    /** The function whose run it is. */
    function: string;
    /** The run. */
    runId: string;
    /** The run that is done again. */
    ofRunId?: string;
    /** What was done before this step was taken over. */
    fromStep?: string;
}
export interface Signal {
    /** The name of the signal. */
    signal: string;
    /** What the run that waits for it goes on with. */
    data: unknown;
}
export interface StoreItemDeleted {
    namespace: string[];
    key: string;
}
export interface StoreItemPut {
    namespace: string[];
    key: string;
    value: Record<string, unknown>;
    /** Of which parts of the value search takes the words: paths, as "text" or "messages[*].content". Empty: of none. Absent: of all. */
    index?: string[];
}
export interface TaskCompletionCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
    title: string;
    /** Markdown. */
    description: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    dueDate?: string;
    priority: "low" | "normal" | "high" | "urgent";
    status: "open" | "in_progress" | "done";
    /** The project it is for. */
    projectId?: string;
}
export interface TaskCompletionRequested {
}
export interface TaskCreationCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
    title: string;
    /** Markdown. */
    description: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    dueDate?: string;
    priority: "low" | "normal" | "high" | "urgent";
    status: "open" | "in_progress" | "done";
    /** The project it is for. */
    projectId?: string;
}
export interface TaskCreationRequested {
    title: string;
    /** Markdown. */
    description: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    dueDate?: string;
    priority: "low" | "normal" | "high" | "urgent";
    status: "open" | "in_progress" | "done";
    /** The project it is for. */
    projectId?: string;
}
export interface TaskDeletionCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
}
export interface TaskDeletionRequested {
}
export interface TaskReopeningCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
    title: string;
    /** Markdown. */
    description: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    dueDate?: string;
    priority: "low" | "normal" | "high" | "urgent";
    status: "open" | "in_progress" | "done";
    /** The project it is for. */
    projectId?: string;
}
export interface TaskReopeningRequested {
}
export interface TaskUpdateCompleted {
    entityId: string;
    /** That it has now. */
    version: number;
    title: string;
    /** Markdown. */
    description: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    dueDate?: string;
    priority: "low" | "normal" | "high" | "urgent";
    status: "open" | "in_progress" | "done";
    /** The project it is for. */
    projectId?: string;
}
export interface TaskUpdateRequested {
    title?: string;
    /** Markdown. */
    description?: string;
    /** A day (2026-01-31) or a time (2026-01-31T12:00:00Z). */
    dueDate?: string | null;
    priority?: "low" | "normal" | "high" | "urgent";
    status?: "open" | "in_progress" | "done";
    /** The project it is for. */
    projectId?: string | null;
}
export interface UserCreated {
    userId: string;
    name: string;
    role: "owner" | "member";
}
export interface WorkerAppRemoved {
    app: string;
}
export interface WorkerAppSynced {
    /** The id that its author gave it. */
    app: string;
    /** Where it is served. */
    url: string;
    /** js:v4.24.0 */
    sdk: string;
    framework: string;
    /** Its own; empty: it has said none. */
    version: string;
    /** As the SDK sent them. */
    functions: Record<string, unknown>[];
    /** SHA-256 of all of this. */
    checksum: string;
}
/** What an event says, by its type. Those that users register are not among them. */
export interface EventData {
    /** An agent has done what it was asked, with what it came to. */
    "agent.run.completed": AgentRunCompleted;
    /** What agent.run.requested asked for was given up. */
    "agent.run.failed": Failure;
    /** A run of an agent asks people, and waits for an answer. */
    "agent.run.interrupted": AgentRunInterrupted;
    /** An agent is to do something for somebody. */
    "agent.run.requested": AgentRunRequested;
    /** Somebody has answered what a run of an agent asked. */
    "agent.run.resumed": AgentRunResumed;
    /** Somebody has switched an agent on or off that begins by itself. */
    "agent.switched": AgentSwitched;
    /** Something was said in a thread, by a person or the agent. */
    "chat.message.created": ChatMessageCreated;
    /** A person begins to talk with the agent chat. */
    "chat.thread.created": ChatThreadCreated;
    /** A thread was taken away, with its messages. */
    "chat.thread.deleted": ChatThreadDeleted;
    /** A person has given a thread another title. */
    "chat.thread.renamed": ChatThreadRenamed;
    /** A person trusts what answers of a thread are made of, or does so no more. */
    "chat.thread.trusted": ChatThreadTrusted;
    /** An entity was made. */
    "entity.creation.completed": EntityCreationCompleted;
    /** What entity.creation.requested asked for was given up. */
    "entity.creation.failed": Failure;
    /** Somebody wants an entity to be made. */
    "entity.creation.requested": EntityCreationRequested;
    /** An entity was deleted. */
    "entity.deletion.completed": EntityDeletionCompleted;
    /** What entity.deletion.requested asked for was given up. */
    "entity.deletion.failed": Failure;
    /** Somebody wants an entity to be deleted. */
    "entity.deletion.requested": EntityDeletionRequested;
    /** An entity is in the lists that this version of its type declares. */
    "entity.indexing.completed": EntityIndexed;
    /** An entity was changed: this is what it is now. */
    "entity.update.completed": EntityUpdateCompleted;
    /** What entity.update.requested asked for was given up. */
    "entity.update.failed": Failure;
    /** Somebody wants an entity to be changed. */
    "entity.update.requested": EntityUpdateRequested;
    /** All entities are in the lists that this version of their type declares. */
    "entity_type.backfill.completed": EntityTypeBackfill;
    /** What entity_type.backfill.requested asked for was given up. */
    "entity_type.backfill.failed": Failure;
    /** A type of entities declares other lists than before: they are to be filled in. */
    "entity_type.backfill.requested": EntityTypeBackfill;
    /** A user said what entities of a type of their own are. */
    "entity_type.definition.completed": EntityTypeDefined;
    /** A type of entities is there no more. */
    "entity_type.removal.completed": EntityTypeRemoved;
    /** A user said what events of a type of their own say. */
    "event_type.registration.completed": EventTypeRegistered;
    /** A run was cancelled. */
    "function.cancelled": RunEnd;
    /** A run was given up. */
    "function.failed": RunEnd;
    /** A run has ended, however it did. Recorded where a function or a run listens. */
    "function.finished": RunEnd;
    /** A step of a run, or somebody, asked for a run of a function. */
    "function.invoked": Invocation;
    /** Somebody paused a function: its runs are made, and wait. */
    "function.paused": FunctionAct;
    /** Somebody asked for runs of a function for events of the past. */
    "function.replayed": ReplayAct;
    /** Somebody ended the pause of a function. */
    "function.resumed": FunctionAct;
    /** By its schedule, it was time for a run of a function. */
    "function.scheduled": Tick;
    /** A thread of a graph outside is there: by a call, or by its first checkpoint. */
    "graph.thread.created": GraphThreadPlace;
    /** A thread of a graph outside was deleted, with its checkpoints. */
    "graph.thread.deleted": GraphThreadPlace;
    /** A graph outside waits for an answer, in this thread. */
    "graph.thread.interrupted": GraphThreadPlace;
    /** A graph outside goes on that waited: with an answer or another input. */
    "graph.thread.resumed": GraphThreadPlace;
    /** An app answers a request with an endpoint that has steps. */
    "inngest/http.request": HttpRequest;
    /** A user got an API key, or a session in a browser. */
    "key.creation.completed": KeyCreated;
    /** An API key was revoked, or a session ended. */
    "key.revocation.completed": KeyRevoked;
    /** A language model was called for somebody: what it took, and how it ended. */
    "model.called": ModelCall;
    /** A note was made: its text is stored, and it is listed. */
    "note.creation.completed": NoteCreationCompleted;
    /** What note.creation.requested asked for was given up. */
    "note.creation.failed": Failure;
    /** Somebody wants a note to be made. */
    "note.creation.requested": NoteCreationRequested;
    /** A note was deleted. */
    "note.deletion.completed": NoteDeletionCompleted;
    /** What note.deletion.requested asked for was given up. */
    "note.deletion.failed": Failure;
    /** Somebody wants a note to be deleted. */
    "note.deletion.requested": NoteDeletionRequested;
    /** The links in all notes that the user had are found. */
    "note.link_reading.completed": NoteLinkReading;
    /** What note.link_reading.requested asked for was given up. */
    "note.link_reading.failed": Failure;
    /** The links in all notes of a user are to be found. */
    "note.link_reading.requested": NoteLinkReading;
    /** The text of a note has [[wiki links]], or had some before: these, now. */
    "note.links.found": NoteLinksFound;
    /** A note has another title, and [[wiki links]] may say the one that it had. */
    "note.links.outdated": NoteLinksOutdated;
    /** [[Wiki links]] to a note that has another title say that one. */
    "note.links.renewed": NoteLinksRenewed;
    /** [[Wiki links]] of other notes may lead to this note now, or no longer. */
    "note.name.awaited": NoteNameAwaited;
    /** A tag was renamed or taken away. */
    "note.retagging.completed": NoteRetaggingCompleted;
    /** What note.retagging.requested asked for was given up. */
    "note.retagging.failed": Failure;
    /** Somebody wants a tag to have another name on all notes. */
    "note.retagging.requested": NoteRetaggingRequested;
    /** A tag has another colour, or none. */
    "note.tag_colouring.completed": NoteTagColoured;
    /** A note was changed. What is absent is as it was. */
    "note.update.completed": NoteUpdateCompleted;
    /** What note.update.requested asked for was given up. */
    "note.update.failed": Failure;
    /** Somebody wants a note to be changed. */
    "note.update.requested": NoteUpdateRequested;
    /** projects.complete was done: this is what the project is now. */
    "project.completion.completed": ProjectCompletionCompleted;
    /** What project.completion.requested asked for was given up. */
    "project.completion.failed": Failure;
    /** Somebody asked projects.complete. */
    "project.completion.requested": ProjectCompletionRequested;
    /** A project was made. */
    "project.creation.completed": ProjectCreationCompleted;
    /** What project.creation.requested asked for was given up. */
    "project.creation.failed": Failure;
    /** Somebody wants a project to be made. */
    "project.creation.requested": ProjectCreationRequested;
    /** A project was deleted. */
    "project.deletion.completed": ProjectDeletionCompleted;
    /** What project.deletion.requested asked for was given up. */
    "project.deletion.failed": Failure;
    /** Somebody wants a project to be deleted. */
    "project.deletion.requested": ProjectDeletionRequested;
    /** projects.reopen was done: this is what the project is now. */
    "project.reopening.completed": ProjectReopeningCompleted;
    /** What project.reopening.requested asked for was given up. */
    "project.reopening.failed": Failure;
    /** Somebody asked projects.reopen. */
    "project.reopening.requested": ProjectReopeningRequested;
    /** A project was changed: this is what it is now. */
    "project.update.completed": ProjectUpdateCompleted;
    /** What project.update.requested asked for was given up. */
    "project.update.failed": Failure;
    /** Somebody wants a project to be changed. */
    "project.update.requested": ProjectUpdateRequested;
    /** What was proposed has been called. */
    "proposal.acceptance.completed": ProposalAcceptanceCompleted;
    /** What proposal.acceptance.requested asked for was given up. */
    "proposal.acceptance.failed": Failure;
    /** A proposal was accepted, as it was or edited. */
    "proposal.acceptance.requested": ProposalAcceptanceRequested;
    /** Somebody who may not make a change proposes it. */
    "proposal.creation.completed": ProposalCreated;
    /** A proposal was rejected: nothing comes of it. */
    "proposal.rejection.completed": ProposalRejected;
    /** Whoever proposed something has taken it back. */
    "proposal.withdrawal.completed": ProposalWithdrawn;
    /** A relation was made. */
    "relation.creation.completed": RelationCreationCompleted;
    /** What relation.creation.requested asked for was given up. */
    "relation.creation.failed": Failure;
    /** Somebody wants a relation to be made. */
    "relation.creation.requested": RelationCreationRequested;
    /** A relation was deleted. */
    "relation.deletion.completed": RelationDeletionCompleted;
    /** What relation.deletion.requested asked for was given up. */
    "relation.deletion.failed": Failure;
    /** Somebody wants a relation to be deleted. */
    "relation.deletion.requested": RelationDeletionRequested;
    /** A relation was changed: this is what it is now. */
    "relation.update.completed": RelationUpdateCompleted;
    /** What relation.update.requested asked for was given up. */
    "relation.update.failed": Failure;
    /** Somebody wants a relation to be changed. */
    "relation.update.requested": RelationUpdateRequested;
    /** Somebody put a dead letter away. */
    "run.discarded": RunAct;
    /** Somebody let a run be done again, as a new run. */
    "run.rerun": RunAct;
    /** Somebody let a dead letter be tried again, or at once what waits. */
    "run.retried": RunAct;
    /** A signal was sent; the run that waits for it goes on. */
    "signal.sent": Signal;
    /** An item of the store was deleted. */
    "store_item.deletion.completed": StoreItemDeleted;
    /** An item of the store was put: this is what it is now. */
    "store_item.put.completed": StoreItemPut;
    /** tasks.complete was done: this is what the task is now. */
    "task.completion.completed": TaskCompletionCompleted;
    /** What task.completion.requested asked for was given up. */
    "task.completion.failed": Failure;
    /** Somebody asked tasks.complete. */
    "task.completion.requested": TaskCompletionRequested;
    /** A task was made. */
    "task.creation.completed": TaskCreationCompleted;
    /** What task.creation.requested asked for was given up. */
    "task.creation.failed": Failure;
    /** Somebody wants a task to be made. */
    "task.creation.requested": TaskCreationRequested;
    /** A task was deleted. */
    "task.deletion.completed": TaskDeletionCompleted;
    /** What task.deletion.requested asked for was given up. */
    "task.deletion.failed": Failure;
    /** Somebody wants a task to be deleted. */
    "task.deletion.requested": TaskDeletionRequested;
    /** tasks.reopen was done: this is what the task is now. */
    "task.reopening.completed": TaskReopeningCompleted;
    /** What task.reopening.requested asked for was given up. */
    "task.reopening.failed": Failure;
    /** Somebody asked tasks.reopen. */
    "task.reopening.requested": TaskReopeningRequested;
    /** A task was changed: this is what it is now. */
    "task.update.completed": TaskUpdateCompleted;
    /** What task.update.requested asked for was given up. */
    "task.update.failed": Failure;
    /** Somebody wants a task to be changed. */
    "task.update.requested": TaskUpdateRequested;
    /** A user was added to the pod. */
    "user.creation.completed": UserCreated;
    /** An app of a user is called no more. */
    "worker_app.removal.completed": WorkerAppRemoved;
    /** An app of a user has said where it is and which functions it has. */
    "worker_app.sync.completed": WorkerAppSynced;
}
/** What the pod says in `error.data` besides tRPC's own. */
interface AppErrorShape extends TRPCErrorShape<TRPCDefaultErrorData & {
    /** Of an input that does not fit: zod's flattened error. */
    zodError: {
        formErrors: string[];
        fieldErrors: Record<string, string[]>;
    } | null;
    /** What a program can use of the reason, as `actualVersion` of a conflict. */
    details?: Record<string, unknown>;
    /** Keys of the input that the procedure does not know, by their paths. */
    unknownKeys?: string[];
}> {
}
interface Root {
    ctx: object;
    meta: object;
    errorShape: AppErrorShape;
    transformer: false;
}
type Query<TIn, TOut> = TRPCQueryProcedure<{
    input: TIn;
    output: TOut;
    meta: object;
}>;
type Mutation<TIn, TOut> = TRPCMutationProcedure<{
    input: TIn;
    output: TOut;
    meta: object;
}>;
type Subscription<TIn, TOut> = TRPCSubscriptionProcedure<{
    input: TIn;
    output: AsyncIterable<TOut, void, any>;
    meta: object;
}>;
/** An item of a subscription that can be resumed: `id` is what to resume with. */
export type Tracked<T> = {
    id: string;
    data: T;
};
/** All that the pod can be asked. */
export type AppRouter = TRPCBuiltRouter<Root, {
    /** Answers if the pod does. Needs no key. */
    health: Query<void, Health>;
    agents: {
        /** Have an agent begin by itself no more. */
        disable: Mutation<DisableAgent, SwitchedAgent>;
        /** Have an agent begin by itself: by your events, or by a schedule. */
        enable: Mutation<EnableAgent, SwitchedAgent>;
        /** Begin a new run at a checkpoint of another one, with another state. */
        fork: Mutation<ForkAgentInput, Accepted>;
        /** One run of an agent, with the states that it has gone through. */
        get: Query<AgentRunId, AgentRunWithStates>;
        /** The agents that there are. */
        list: Query<void, AgentList>;
        /** Answer what a run of an agent asks, so that it goes on. */
        resume: Mutation<ResumeAgent, ResumedAgent>;
        /** Runs of agents. */
        runs: Query<ListAgentRunsInput | undefined, AgentRunList>;
        /** Have an agent do something. */
        start: Mutation<StartAgentInput, Accepted>;
        /** Watch a run of an agent: its states, what models say, the tools it calls. */
        watch: Subscription<WatchAgent, Tracked<{
            type: "run";
            /** At first, when its status or its questions change, and at last. */
            run: AgentRun;
        } | {
            type: "state";
            /** Of the checkpoint. */
            number: number;
            /** The nodes whose turn it is. */
            next: string[];
            state: unknown;
            /** Of a graph within the graph: of each around it the node that runs it, and behind which checkpoint, as write:3. Absent: it is the run's own. */
            path?: string[];
        } | {
            type: "answer";
            /** Its model begins to answer: texts of it from an answer before that is not in a state yet are void. */
            node: string;
            /** Of a graph within the graph: of each around it the node that runs it, and behind which checkpoint, as write:3. Absent: it is the run's own. */
            path?: string[];
        } | {
            type: "text";
            /** Which asks a model. */
            node: string;
            /** Behind what was before of its node. */
            text: string;
            /** Of a graph within the graph: of each around it the node that runs it, and behind which checkpoint, as write:3. Absent: it is the run's own. */
            path?: string[];
        } | {
            type: "tool";
            node: string;
            name: string;
            /** As the model wrote them. */
            arguments: string;
            /** Of a graph within the graph: of each around it the node that runs it, and behind which checkpoint, as write:3. Absent: it is the run's own. */
            path?: string[];
        } | {
            type: "result";
            node: string;
            /** The procedure. */
            name: string;
            ok: boolean;
            /** What it gave. */
            text: string;
            /** Of a graph within the graph: of each around it the node that runs it, and behind which checkpoint, as write:3. Absent: it is the run's own. */
            path?: string[];
        }>>;
    };
    apps: {
        /** The signing key of your apps. */
        keys: Mutation<void, WorkerAppKeys>;
        /** Your apps of Inngest's SDKs, and whether they register. */
        list: Query<void, WorkerAppList>;
        /** Call an app no more. */
        remove: Mutation<WorkerAppAddress, WorkerAppRemoval>;
        /** Ask an app to register its functions. */
        sync: Mutation<WorkerAppAddress, WorkerAppSync>;
    };
    capture: {
        /** Make a thought a note, a task, or a thing or an event of a type of your own. */
        thought: Mutation<Thought, Accepted>;
    };
    catalogue: {
        /** The types of events that the pod has, who writes and who reads them. */
        eventTypes: Query<void, TypesOfEvents>;
    };
    chat: {
        /** Take a thread away, with its messages. */
        delete: Mutation<ChatThreadId, DeletedChatThread>;
        /** Do what a message of a thread is about: make a note, a task or a project, or search. */
        executeAction: Mutation<ExecuteChatAction, ExecutedChatAction>;
        /** A thread with the messages of one of its branches. */
        get: Query<GetChatThreadInput, ChatThreadWithMessages>;
        /** Give a thread another title. */
        rename: Mutation<RenameChatThread, RenamedChatThread>;
        /** Say something to the agent chat, in a thread or in a new one. */
        send: Mutation<SendChatMessage | undefined, SentChatMessage>;
        /** Your threads. */
        threads: Query<ListChatThreadsInput | undefined, ChatThreadList>;
        /** Have the model of a thread go on without asking you, or ask you again. */
        trust: Mutation<TrustChatThread, TrustedChatThread>;
    };
    checkpoints: {
        /** Copy all checkpoints of a thread, with their writes, to another one. */
        copyThread: Mutation<CopyGraphThread, CheckpointCount>;
        /** Delete the checkpoints that were stored by these runs of graphs. */
        deleteRuns: Mutation<GraphRunNames, CheckpointCount>;
        /** Delete a thread with all its checkpoints. */
        deleteThread: Mutation<GraphThreadName, CheckpointStored>;
        /** A checkpoint of a thread, with its state and pending writes. */
        get: Query<GetCheckpointInput, FoundCheckpoint>;
        /** Checkpoints of a thread or of all, the newest first. */
        list: Query<ListCheckpointsInput | undefined, CheckpointList>;
        /** Take away all but the newest checkpoints of threads, or the threads. */
        prune: Mutation<PruneGraphThreadsInput, PrunedGraphThreads>;
        /** Store a checkpoint of a thread of LangGraph. */
        put: Mutation<PutCheckpointInput, CheckpointStored>;
        /** Store what a task has written, before its step is over. */
        putWrites: Mutation<PutCheckpointWritesInput, CheckpointStored>;
    };
    deadLetters: {
        /** Put one dead letter away, or all that a filter finds. */
        discard: Mutation<DiscardDeadLettersInput | undefined, SweptDeadLetters>;
        /** Runs that were given up, by function and error. */
        groups: Query<AskForGroups | undefined, DeadLetterGroups>;
        /** Try one dead letter again, or all that a filter finds. */
        replay: Mutation<ReplayDeadLettersInput | undefined, SweptDeadLetters>;
    };
    entities: {
        /** Make an entity. */
        create: Mutation<CreateEntity, Completed>;
        /** Delete an entity. Its events are kept. */
        delete: Mutation<DeleteEntity, Completed>;
        /** One entity. */
        get: Query<GetEntity, Entity>;
        /** The versions of an entity, the newest first. */
        history: Query<GetEntityHistoryInput, EntityHistory>;
        /** Your entities, page by page. */
        list: Query<ListEntitiesInput | undefined, EntityList>;
        /** Make an earlier version of an entity the newest one. */
        restore: Mutation<RestoreEntity, Completed>;
        /** Change an entity. What is absent stays as it is. */
        update: Mutation<UpdateEntity, Completed>;
    };
    entityTypes: {
        /** Say what entities of a type of your own are. */
        define: Mutation<DefineEntityTypeInput, EntityTypeVersion>;
        /** A type of entities of yours. */
        get: Query<GetEntityType, EntityType>;
        /** The types of entities that you have defined. */
        list: Query<void, EntityTypes>;
        /** Take a type of entities away, of which there are none any more. */
        remove: Mutation<RemoveEntityType, RemoveEntityType>;
    };
    eventTypes: {
        /** An event type of yours, with its schema. */
        get: Query<GetEventType, RegisteredEventType>;
        /** The event types that you have registered. */
        list: Query<void, EventTypeList>;
        /** Say what events of a type of your own say. */
        register: Mutation<RegisterEventType, EventTypeVersion>;
    };
    events: {
        /** One event. */
        get: Query<GetEvent, SynapEvent>;
        /** The end of the log and its hash, to be kept elsewhere as a proof of all before it. */
        head: Query<void, LogHead>;
        /** What happened, page by page, the oldest first or the newest. */
        list: Query<ListEventsInput | undefined, EventList>;
        /** Record an event of a type that you have registered. */
        publish: Mutation<PublishEvent, PublishedEvent>;
        /** What happened to one thing, version by version. */
        readStream: Query<ReadStreamInput, StreamPage>;
        /** What happens, live. */
        watch: Subscription<WatchEvents | undefined, Tracked<SynapEvent>>;
        /** What led to a version of a thing, back to who began it. */
        why: Query<AskWhy, Why>;
    };
    functions: {
        /** Let a replay make no more runs. */
        cancelReplay: Mutation<ReplayId, EndedReplay>;
        /** One function. */
        get: Query<FunctionId, FunctionInfo>;
        /** Have a function run, whatever triggers it. */
        invoke: Mutation<InvokeFunctionInput, InvokedRun>;
        /** What reacts to your events: the pod's own functions and those of your apps. */
        list: Query<ListFunctionsInput | undefined, FunctionList>;
        /** Let a function do nothing for now. */
        pause: Mutation<FunctionId, PauseChange>;
        /** Have a function run for events of the past, of which it had no run. */
        replay: Mutation<ReplayFunctionInput, Replay>;
        /** Replays, and how far they have come. */
        replays: Query<ListReplays | undefined, ReplayList>;
        /** End the pause of a function: what waits goes on. */
        resume: Mutation<FunctionId, PauseChange>;
    };
    graphThreads: {
        /** Copy a thread with its checkpoints, and answer the other one. */
        copy: Mutation<CopyGraphThread, GraphThread>;
        /** How many threads of graphs outside have these. */
        count: Query<CountGraphThreadsInput | undefined, GraphThreadCount>;
        /** Make a thread for a graph outside, before it has stored anything. */
        create: Mutation<CreateGraphThreadInput, GraphThread>;
        /** A thread of a graph outside: its metadata, status and newest values. */
        get: Query<GraphThreadName, GraphThread>;
        /** The states of a thread at its checkpoints, the newest first. */
        history: Query<GraphThreadHistoryInput, GraphStateList>;
        /** Threads of graphs outside that have these metadata, values or status. */
        search: Query<SearchGraphThreadsInput | undefined, GraphThreadList>;
        /** The state of a thread at its newest checkpoint, or at another one. */
        state: Query<GetCheckpointInput, GraphState>;
        /** Change the metadata of a thread. */
        update: Mutation<UpdateGraphThread, GraphThread>;
    };
    keys: {
        /** Make another key, for yourself or, as an owner, for another user. */
        create: Mutation<CreateKey, CreatedKey>;
        /** Your keys or, as an owner, those of another user; without their secrets. */
        list: Query<ListKeysInput | undefined, KeyList>;
        /** Revoke a key, from now on and for good; as an owner, also one of another user. */
        revoke: Mutation<RevokeKey, Revoked>;
    };
    log: {
        /** Recompute the hash chain of the log, part by part. For owners. */
        verify: Query<VerifyLogInput | undefined, LogVerification>;
    };
    markdown: {
        /** Markdown as HTML that is safe in a page. */
        render: Query<RenderMarkdown, RenderedMarkdown>;
    };
    models: {
        /** Ask a language model, and be answered when all of it is there. */
        generate: Mutation<ModelAskInput, ModelAnswer>;
        /** Which language models are set, and how they were last time. */
        list: Query<void, ModelList>;
        /** Ask a language model, and be told its answer as it comes. */
        stream: Subscription<ModelStreamAskInput, Tracked<{
            type: "started";
            /** A time, ISO 8601. */
            at: string;
        } | {
            type: "text";
            /** Behind what was before. */
            text: string;
        } | {
            type: "tool";
            /** Which of the answer's toolCalls. */
            index: number;
            /** With its first piece. */
            id?: string;
            /** With its first piece. */
            name?: string;
            /** Behind what was before. */
            arguments: string;
        } | {
            type: "done";
            /** All of it. */
            answer: ModelAnswer;
        }>>;
        /** What your calls of language models took, by day and model, and what is left of today's budget. */
        usage: Query<ModelUsageQueryInput | undefined, ModelUsageList>;
    };
    nodes: {
        /** The nodes of the pod, which of them leads, and how far its followers are. For owners. */
        list: Query<void, NodeList>;
    };
    notes: {
        /** Where a note is mentioned: the notes that link to it. */
        backlinks: Query<BacklinksOfInput, Backlinks>;
        /** Make a note. */
        create: Mutation<CreateNote, Accepted>;
        /** Make a note of a text that was uploaded. */
        createUploaded: Mutation<CreateNoteUploaded, Accepted>;
        /** Delete a note. */
        delete: Mutation<DeleteNote, Accepted>;
        /** Find the [[links]] and #tags in notes that were stored before the pod read them. */
        findLinks: Mutation<void, Accepted>;
        /** The notes that were imported from files, by path, content or id. */
        findOrigins: Query<FindOriginsInput | undefined, NoteOrigins>;
        /** One note with its text. */
        get: Query<GetNote, FullNote>;
        /** The same as notes.get. */
        getById: Query<GetNote, FullNote>;
        /** The versions of a note, the newest first. */
        history: Query<GetNoteHistoryInput, NoteHistory>;
        /** Your notes, page by page. */
        list: Query<ListNotesInput | undefined, NoteList>;
        /** Make an earlier version of a note the newest one, text included. */
        restore: Mutation<RestoreNote, Accepted>;
        /** Change a note. What is absent stays as it is. */
        update: Mutation<UpdateNote, Accepted>;
        /** A URL to which a text can be put, past the pod. */
        upload: Mutation<UploadNote | undefined, NoteUpload>;
        /** A URL by which the text of a note can be got, past the pod. */
        url: Query<GetNoteUrl, NoteUrl>;
    };
    pod: {
        /** Quick checks of the running pod, with what to do. For owners. */
        doctor: Query<void, Examination>;
        /** The newest lines of the pod's log. For owners. */
        logs: Query<ReadLogsInput | undefined, LogLines>;
        /** The last hour of the pod's curves: a sample every 10 seconds. For owners. */
        samples: Query<ListSamplesInput | undefined, SampleList>;
        /** The settings in force, and where each came from. For owners. */
        settings: Query<void, SettingList>;
        /** The lines of the pod's log as they are written. For owners. */
        watchLogs: Subscription<WatchLogsInput | undefined, Tracked<LogLine>>;
    };
    projections: {
        /** The read models and how they stand. For owners. */
        list: Query<void, ProjectionList>;
        /** Make a read model again from the log, beside the present one. For owners. */
        rebuild: Mutation<ProjectionName, Rebuilding>;
        /** Compare a read model with what follows from the log. For owners. */
        verify: Mutation<ProjectionName, ProjectionComparison>;
    };
    projects: {
        /** Say that a project is completed. */
        complete: Mutation<CompleteProject, Completed>;
        /** Make a project. */
        create: Mutation<CreateProjectInput, Completed>;
        /** Delete a project. Its events are kept. */
        delete: Mutation<DeleteProject, Completed>;
        /** One project. */
        get: Query<GetProject, Project>;
        /** The versions of a project, the newest first. */
        history: Query<GetProjectHistoryInput, ProjectHistory>;
        /** Your projects, page by page. */
        list: Query<ListProjectsInput | undefined, ProjectList>;
        /** Make a project active again. */
        reopen: Mutation<ReopenProject, Completed>;
        /** Make an earlier version of a project the newest one. */
        restore: Mutation<RestoreProject, Completed>;
        /** Change a project. What is absent stays as it is. */
        update: Mutation<UpdateProject, Completed>;
    };
    proposals: {
        /** Accept a proposal, as it is or edited: then it is carried out. */
        accept: Mutation<AcceptProposal, Accepted>;
        /** Propose a change, which somebody else accepts or rejects. */
        create: Mutation<CreateProposalInput, Completed>;
        /** One proposal, with what it would change. */
        get: Query<GetProposal, WholeProposal>;
        /** What was proposed. */
        list: Query<ListProposalsInput | undefined, ProposalList>;
        /** Reject a proposal: nothing comes of it. */
        reject: Mutation<RejectProposal, Completed>;
        /** Take back what one has proposed. */
        withdraw: Mutation<WithdrawProposal, Completed>;
    };
    relations: {
        /** Make a relation. */
        create: Mutation<CreateRelationInput, Completed>;
        /** Delete a relation. Its events are kept. */
        delete: Mutation<DeleteRelation, Completed>;
        /** One relation. */
        get: Query<GetRelation, Relation>;
        /** The versions of a relation, the newest first. */
        history: Query<GetRelationHistoryInput, RelationHistory>;
        /** Your relations, page by page. */
        list: Query<ListRelationsInput | undefined, RelationList>;
        /** What a thing is connected with, and by what. */
        neighbours: Query<NeighboursOfInput, Neighbours>;
        /** Make an earlier version of a relation the newest one. */
        restore: Mutation<RestoreRelation, Completed>;
        /** Change a relation. What is absent stays as it is. */
        update: Mutation<UpdateRelation, Completed>;
    };
    requests: {
        /** What became of a command: pending, completed or failed. */
        get: Query<GetRequest, Request>;
    };
    runs: {
        /** End a run before it has done all of its work. */
        cancel: Mutation<RunId, Cancelled>;
        /** One run: its times, the steps that are done, those that are begun, and each attempt that failed. */
        get: Query<RunId, RunWithSteps>;
        /** What was done for your events, the newest first. */
        list: Query<ListRunsInput | undefined, RunList>;
        /** Do a run again, as a new run for the same event, or from a step on. */
        rerun: Mutation<RerunOf, Rerun>;
        /** The result of one step in whole, or the output of a run. */
        result: Query<ResultOf, WholeResult>;
        /** Try a dead letter again, with all its attempts, or now what waits. */
        retry: Mutation<RunId, Retried>;
    };
    search: {
        /** Find your notes, tasks and all else by their words and their meaning. */
        query: Query<SearchQueryInput, SearchHits>;
        /** Your things that are nearest to one of them by their meaning. */
        similar: Query<SimilarQueryInput, SimilarHits>;
        /** How far the indexes of search are behind the log, and by which model. */
        status: Query<void, SearchStatus>;
        /** Your things whose titles begin so. */
        suggest: Query<SuggestQueryInput, Suggestions>;
    };
    sessions: {
        /** Make a link that signs a browser in at the pod's page, once, within 15 minutes. */
        createLink: Mutation<void, SignInLink>;
    };
    signals: {
        /** Let the run that waits for a signal go on. */
        send: Mutation<SendSignalInput, SentSignal>;
    };
    store: {
        /** Forget an item of the store. */
        delete: Mutation<DeleteStoreItem, StoreItemDeletion>;
        /** An item of the store, with its version; or that there is none. */
        get: Query<StoreItemName, GottenStoreItem>;
        /** The namespaces in which you have items. */
        namespaces: Query<ListStoreNamespacesInput | undefined, StoreNamespaceList>;
        /** Remember a JSON object under a key in a namespace. */
        put: Mutation<PutStoreItem, Completed>;
        /** Items of the store whose namespace begins so. */
        search: Query<SearchStoreItemsInput | undefined, FoundStoreItems>;
    };
    tags: {
        /** Give a tag a colour, by which it is known where it is shown. */
        colour: Mutation<ColourTag, TagColour>;
        /** The tags of your notes, with how many have each. */
        list: Query<ListTagsInput | undefined, TagList>;
        /** Take a tag away from all your notes. */
        remove: Mutation<RemoveTag, Accepted>;
        /** Rename a tag on all your notes, or merge it into another one. */
        rename: Mutation<RenameTag, Accepted>;
    };
    tasks: {
        /** Say that a task is done. */
        complete: Mutation<CompleteTask, Completed>;
        /** Make a task. */
        create: Mutation<CreateTaskInput, Completed>;
        /** Delete a task. Its events are kept. */
        delete: Mutation<DeleteTask, Completed>;
        /** One task. */
        get: Query<GetTask, Task>;
        /** The versions of a task, the newest first. */
        history: Query<GetTaskHistoryInput, TaskHistory>;
        /** Your tasks, page by page. */
        list: Query<ListTasksInput | undefined, TaskList>;
        /** Say that a task is open again. */
        reopen: Mutation<ReopenTask, Completed>;
        /** Make an earlier version of a task the newest one. */
        restore: Mutation<RestoreTask, Completed>;
        /** Change a task. What is absent stays as it is. */
        update: Mutation<UpdateTask, Completed>;
    };
    users: {
        /** Add a user, with a first key. For owners. */
        create: Mutation<CreateUserInput, CreatedKey>;
        /** The users of the pod. For owners. */
        list: Query<ListUsersInput | undefined, UserList>;
    };
}>;
export {};
