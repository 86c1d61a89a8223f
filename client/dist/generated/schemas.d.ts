import { z } from "zod";
export declare const DisableAgent: z.ZodObject<{
    agent: z.ZodString;
}, z.core.$strip>;
export declare const EnableAgent: z.ZodObject<{
    agent: z.ZodString;
    schedule: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const ForkAgent: z.ZodObject<{
    id: z.ZodUUID;
    checkpoint: z.ZodInt;
    state: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
    path: z.ZodOptional<z.ZodArray<z.ZodString>>;
}, z.core.$strip>;
export declare const AgentRunId: z.ZodObject<{
    id: z.ZodUUID;
}, z.core.$strip>;
export declare const ResumeAgent: z.ZodObject<{
    id: z.ZodUUID;
    questionId: z.ZodOptional<z.ZodString>;
    answer: z.ZodAny;
}, z.core.$strip>;
export declare const ListAgentRuns: z.ZodObject<{
    limit: z.ZodDefault<z.ZodInt>;
    before: z.ZodOptional<z.ZodInt>;
    agent: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const StartAgent: z.ZodObject<{
    agent: z.ZodString;
    input: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const AgentRunError: z.ZodObject<{
    name: z.ZodString;
    message: z.ZodString;
}, z.core.$strip>;
export declare const AgentQuestion: z.ZodObject<{
    id: z.ZodString;
    question: z.ZodAny;
}, z.core.$strip>;
export declare const AgentRun: z.ZodObject<{
    id: z.ZodUUID;
    agent: z.ZodString;
    status: z.ZodEnum<{
        failed: "failed";
        completed: "completed";
        interrupted: "interrupted";
        running: "running";
    }>;
    input: z.ZodAny;
    output: z.ZodOptional<z.ZodAny>;
    error: z.ZodOptional<z.ZodObject<{
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>>;
    questions: z.ZodArray<z.ZodObject<{
        id: z.ZodString;
        question: z.ZodAny;
    }, z.core.$strip>>;
    createdAt: z.ZodISODateTime;
    endedAt: z.ZodOptional<z.ZodISODateTime>;
    forkOf: z.ZodOptional<z.ZodUUID>;
    forkCheckpoint: z.ZodOptional<z.ZodInt>;
    runId: z.ZodOptional<z.ZodUUID>;
}, z.core.$strip>;
export declare const WatchAgent: z.ZodObject<{
    id: z.ZodUUID;
    lastEventId: z.ZodOptional<z.ZodNullable<z.ZodString>>;
}, z.core.$strip>;
export declare const WorkerAppAddress: z.ZodObject<{
    url: z.ZodString;
}, z.core.$strip>;
export declare const Thought: z.ZodObject<{
    text: z.ZodString;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const ChatThreadId: z.ZodObject<{
    id: z.ZodUUID;
}, z.core.$strip>;
export declare const ExecuteChatAction: z.ZodObject<{
    threadId: z.ZodUUID;
    messageId: z.ZodUUID;
    actionType: z.ZodEnum<{
        "note.create": "note.create";
        "task.create": "task.create";
        "task.complete": "task.complete";
        "project.create": "project.create";
        "search.semantic": "search.semantic";
    }>;
    actionParams: z.ZodRecord<z.ZodString, z.ZodAny>;
}, z.core.$strip>;
export declare const GetChatThread: z.ZodObject<{
    id: z.ZodUUID;
    limit: z.ZodDefault<z.ZodInt>;
    before: z.ZodOptional<z.ZodInt>;
    through: z.ZodOptional<z.ZodUUID>;
}, z.core.$strip>;
export declare const RenameChatThread: z.ZodObject<{
    id: z.ZodUUID;
    title: z.ZodString;
}, z.core.$strip>;
export declare const SendChatMessage: z.ZodObject<{
    threadId: z.ZodOptional<z.ZodUUID>;
    text: z.ZodOptional<z.ZodString>;
    parentId: z.ZodOptional<z.ZodUUID>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const ListChatThreads: z.ZodObject<{
    limit: z.ZodDefault<z.ZodInt>;
    before: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const TrustChatThread: z.ZodObject<{
    id: z.ZodUUID;
    trusted: z.ZodBoolean;
}, z.core.$strip>;
export declare const CopyGraphThread: z.ZodObject<{
    sourceThreadId: z.ZodString;
    targetThreadId: z.ZodString;
}, z.core.$strip>;
export declare const GraphRunNames: z.ZodObject<{
    runIds: z.ZodArray<z.ZodString>;
}, z.core.$strip>;
export declare const GraphThreadName: z.ZodObject<{
    threadId: z.ZodString;
}, z.core.$strip>;
export declare const GetCheckpoint: z.ZodObject<{
    threadId: z.ZodString;
    checkpointNs: z.ZodDefault<z.ZodString>;
    checkpointId: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const ListCheckpoints: z.ZodObject<{
    threadId: z.ZodOptional<z.ZodString>;
    checkpointNs: z.ZodOptional<z.ZodString>;
    checkpointId: z.ZodOptional<z.ZodString>;
    before: z.ZodOptional<z.ZodString>;
    filter: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const PruneGraphThreads: z.ZodObject<{
    threadIds: z.ZodArray<z.ZodString>;
    strategy: z.ZodDefault<z.ZodEnum<{
        keep_latest: "keep_latest";
        delete: "delete";
    }>>;
}, z.core.$strip>;
export declare const TypedValue: z.ZodObject<{
    type: z.ZodString;
    bytes: z.ZodString;
}, z.core.$strip>;
export declare const ChannelValue: z.ZodObject<{
    channel: z.ZodString;
    version: z.ZodString;
    type: z.ZodString;
    bytes: z.ZodString;
}, z.core.$strip>;
export declare const PutCheckpoint: z.ZodObject<{
    threadId: z.ZodString;
    checkpointNs: z.ZodDefault<z.ZodString>;
    checkpointId: z.ZodString;
    parentCheckpointId: z.ZodOptional<z.ZodString>;
    runId: z.ZodOptional<z.ZodString>;
    checkpoint: z.ZodObject<{
        type: z.ZodString;
        bytes: z.ZodString;
    }, z.core.$strip>;
    metadata: z.ZodObject<{
        type: z.ZodString;
        bytes: z.ZodString;
    }, z.core.$strip>;
    labels: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    versions: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodString>>;
    values: z.ZodDefault<z.ZodArray<z.ZodObject<{
        channel: z.ZodString;
        version: z.ZodString;
        type: z.ZodString;
        bytes: z.ZodString;
    }, z.core.$strip>>>;
    deltaChannels: z.ZodDefault<z.ZodArray<z.ZodString>>;
}, z.core.$strip>;
export declare const CheckpointWrite: z.ZodObject<{
    index: z.ZodInt;
    channel: z.ZodString;
    type: z.ZodString;
    bytes: z.ZodString;
}, z.core.$strip>;
export declare const PutCheckpointWrites: z.ZodObject<{
    threadId: z.ZodString;
    checkpointNs: z.ZodDefault<z.ZodString>;
    checkpointId: z.ZodString;
    taskId: z.ZodString;
    taskPath: z.ZodDefault<z.ZodString>;
    writes: z.ZodArray<z.ZodObject<{
        index: z.ZodInt;
        channel: z.ZodString;
        type: z.ZodString;
        bytes: z.ZodString;
    }, z.core.$strip>>;
}, z.core.$strip>;
export declare const DiscardDeadLetters: z.ZodObject<{
    id: z.ZodOptional<z.ZodUUID>;
    function: z.ZodOptional<z.ZodString>;
    name: z.ZodOptional<z.ZodString>;
    message: z.ZodOptional<z.ZodString>;
    from: z.ZodOptional<z.ZodISODateTime>;
    to: z.ZodOptional<z.ZodISODateTime>;
    all: z.ZodOptional<z.ZodBoolean>;
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodNullable<z.ZodUUID>>;
}, z.core.$strip>;
export declare const AskForGroups: z.ZodObject<{
    function: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const ReplayDeadLetters: z.ZodObject<{
    id: z.ZodOptional<z.ZodUUID>;
    function: z.ZodOptional<z.ZodString>;
    name: z.ZodOptional<z.ZodString>;
    message: z.ZodOptional<z.ZodString>;
    from: z.ZodOptional<z.ZodISODateTime>;
    to: z.ZodOptional<z.ZodISODateTime>;
    all: z.ZodOptional<z.ZodBoolean>;
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodNullable<z.ZodUUID>>;
    data: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
}, z.core.$strip>;
export declare const CreateEntity: z.ZodObject<{
    type: z.ZodString;
    data: z.ZodRecord<z.ZodString, z.ZodAny>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const DeleteEntity: z.ZodObject<{
    id: z.ZodUUID;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const GetEntity: z.ZodObject<{
    id: z.ZodUUID;
    version: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const GetEntityHistory: z.ZodObject<{
    id: z.ZodUUID;
    limit: z.ZodDefault<z.ZodInt>;
    before: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const ListEntities: z.ZodObject<{
    type: z.ZodOptional<z.ZodString>;
    filter: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    sort: z.ZodDefault<z.ZodString>;
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
}, z.core.$strip>;
export declare const RestoreEntity: z.ZodObject<{
    id: z.ZodUUID;
    version: z.ZodInt;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const UpdateEntity: z.ZodObject<{
    id: z.ZodUUID;
    data: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const EntityTypeList: z.ZodObject<{
    filter: z.ZodString;
    sort: z.ZodString;
}, z.core.$strip>;
export declare const DefineEntityType: z.ZodObject<{
    name: z.ZodString;
    schema: z.ZodRecord<z.ZodString, z.ZodAny>;
    filters: z.ZodDefault<z.ZodArray<z.ZodString>>;
    sorts: z.ZodDefault<z.ZodArray<z.ZodString>>;
    lists: z.ZodDefault<z.ZodArray<z.ZodObject<{
        filter: z.ZodString;
        sort: z.ZodString;
    }, z.core.$strip>>>;
    title: z.ZodOptional<z.ZodString>;
    icon: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const GetEntityType: z.ZodObject<{
    name: z.ZodString;
    version: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const RemoveEntityType: z.ZodObject<{
    name: z.ZodString;
}, z.core.$strip>;
export declare const GetEventType: z.ZodObject<{
    name: z.ZodString;
    version: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const RegisterEventType: z.ZodObject<{
    name: z.ZodString;
    schema: z.ZodRecord<z.ZodString, z.ZodAny>;
}, z.core.$strip>;
export declare const GetEvent: z.ZodObject<{
    id: z.ZodUUID;
}, z.core.$strip>;
export declare const ListEvents: z.ZodObject<{
    after: z.ZodDefault<z.ZodInt>;
    before: z.ZodOptional<z.ZodInt>;
    order: z.ZodDefault<z.ZodEnum<{
        desc: "desc";
        asc: "asc";
    }>>;
    limit: z.ZodDefault<z.ZodInt>;
    types: z.ZodOptional<z.ZodArray<z.ZodString>>;
    aggregateId: z.ZodOptional<z.ZodUUID>;
    correlationId: z.ZodOptional<z.ZodUUID>;
    requestId: z.ZodOptional<z.ZodUUID>;
    userId: z.ZodOptional<z.ZodString>;
    source: z.ZodOptional<z.ZodEnum<{
        sync: "sync";
        api: "api";
        agent: "agent";
        automation: "automation";
        migration: "migration";
        system: "system";
        intelligence: "intelligence";
    }>>;
    actor: z.ZodOptional<z.ZodString>;
    from: z.ZodOptional<z.ZodISODateTime>;
    to: z.ZodOptional<z.ZodISODateTime>;
}, z.core.$strip>;
export declare const PublishEvent: z.ZodObject<{
    type: z.ZodString;
    data: z.ZodRecord<z.ZodString, z.ZodAny>;
    aggregateId: z.ZodOptional<z.ZodUUID>;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const ReadStream: z.ZodObject<{
    aggregateId: z.ZodUUID;
    fromVersion: z.ZodDefault<z.ZodInt>;
    limit: z.ZodDefault<z.ZodInt>;
}, z.core.$strip>;
export declare const Actor: z.ZodObject<{
    key: z.ZodOptional<z.ZodString>;
    run: z.ZodOptional<z.ZodString>;
    agent: z.ZodOptional<z.ZodString>;
    onBehalfOf: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const SynapEvent: z.ZodObject<{
    id: z.ZodUUID;
    version: z.ZodLiteral<"v1">;
    type: z.ZodString;
    aggregateId: z.ZodOptional<z.ZodUUID>;
    aggregateType: z.ZodOptional<z.ZodString>;
    dataVersion: z.ZodInt;
    data: z.ZodRecord<z.ZodString, z.ZodAny>;
    erased: z.ZodOptional<z.ZodBoolean>;
    damaged: z.ZodOptional<z.ZodBoolean>;
    metadata: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    userId: z.ZodString;
    source: z.ZodEnum<{
        sync: "sync";
        api: "api";
        agent: "agent";
        automation: "automation";
        migration: "migration";
        system: "system";
        intelligence: "intelligence";
    }>;
    actor: z.ZodOptional<z.ZodObject<{
        key: z.ZodOptional<z.ZodString>;
        run: z.ZodOptional<z.ZodString>;
        agent: z.ZodOptional<z.ZodString>;
        onBehalfOf: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
    timestamp: z.ZodISODateTime;
    correlationId: z.ZodOptional<z.ZodUUID>;
    causationId: z.ZodOptional<z.ZodUUID>;
    requestId: z.ZodOptional<z.ZodUUID>;
    position: z.ZodInt;
    aggregateVersion: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const WatchEvents: z.ZodObject<{
    types: z.ZodOptional<z.ZodArray<z.ZodString>>;
    aggregateId: z.ZodOptional<z.ZodUUID>;
    correlationId: z.ZodOptional<z.ZodUUID>;
    requestId: z.ZodOptional<z.ZodUUID>;
    userId: z.ZodOptional<z.ZodString>;
    source: z.ZodOptional<z.ZodEnum<{
        sync: "sync";
        api: "api";
        agent: "agent";
        automation: "automation";
        migration: "migration";
        system: "system";
        intelligence: "intelligence";
    }>>;
    actor: z.ZodOptional<z.ZodString>;
    lastEventId: z.ZodOptional<z.ZodNullable<z.ZodString>>;
}, z.core.$strip>;
export declare const AskWhy: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const ReplayId: z.ZodObject<{
    id: z.ZodUUID;
}, z.core.$strip>;
export declare const FunctionId: z.ZodObject<{
    id: z.ZodString;
}, z.core.$strip>;
export declare const InvokeFunction: z.ZodObject<{
    id: z.ZodString;
    data: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
}, z.core.$strip>;
export declare const ListFunctions: z.ZodObject<{
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    app: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const ReplayFunction: z.ZodObject<{
    id: z.ZodString;
    fromPosition: z.ZodOptional<z.ZodInt>;
    toPosition: z.ZodOptional<z.ZodInt>;
    from: z.ZodOptional<z.ZodISODateTime>;
    to: z.ZodOptional<z.ZodISODateTime>;
    filter: z.ZodOptional<z.ZodString>;
    repeats: z.ZodDefault<z.ZodBoolean>;
}, z.core.$strip>;
export declare const ListReplays: z.ZodObject<{
    function: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const CountGraphThreads: z.ZodObject<{
    ids: z.ZodOptional<z.ZodArray<z.ZodString>>;
    metadata: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    values: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    status: z.ZodOptional<z.ZodEnum<{
        error: "error";
        interrupted: "interrupted";
        idle: "idle";
        busy: "busy";
    }>>;
}, z.core.$strip>;
export declare const CreateGraphThread: z.ZodObject<{
    threadId: z.ZodString;
    metadata: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    ifExists: z.ZodDefault<z.ZodEnum<{
        raise: "raise";
        do_nothing: "do_nothing";
    }>>;
}, z.core.$strip>;
export declare const GraphThreadHistory: z.ZodObject<{
    threadId: z.ZodString;
    checkpointNs: z.ZodDefault<z.ZodString>;
    before: z.ZodOptional<z.ZodString>;
    metadata: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    limit: z.ZodDefault<z.ZodInt>;
}, z.core.$strip>;
export declare const SearchGraphThreads: z.ZodObject<{
    ids: z.ZodOptional<z.ZodArray<z.ZodString>>;
    metadata: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    values: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    status: z.ZodOptional<z.ZodEnum<{
        error: "error";
        interrupted: "interrupted";
        idle: "idle";
        busy: "busy";
    }>>;
    limit: z.ZodDefault<z.ZodInt>;
    offset: z.ZodDefault<z.ZodInt>;
    sortBy: z.ZodDefault<z.ZodEnum<{
        status: "status";
        threadId: "threadId";
        createdAt: "createdAt";
        updatedAt: "updatedAt";
        stateUpdatedAt: "stateUpdatedAt";
    }>>;
    sortOrder: z.ZodDefault<z.ZodEnum<{
        desc: "desc";
        asc: "asc";
    }>>;
    withValues: z.ZodDefault<z.ZodBoolean>;
}, z.core.$strip>;
export declare const UpdateGraphThread: z.ZodObject<{
    threadId: z.ZodString;
    metadata: z.ZodRecord<z.ZodString, z.ZodAny>;
}, z.core.$strip>;
export declare const CreateKey: z.ZodObject<{
    name: z.ZodString;
    scopes: z.ZodOptional<z.ZodArray<z.ZodString>>;
    expiresAt: z.ZodOptional<z.ZodISODateTime>;
    expiresInDays: z.ZodOptional<z.ZodInt>;
    userId: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const ListKeys: z.ZodObject<{
    userId: z.ZodOptional<z.ZodString>;
    kind: z.ZodDefault<z.ZodEnum<{
        key: "key";
        session: "session";
    }>>;
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodNullable<z.ZodUUID>>;
}, z.core.$strip>;
export declare const RevokeKey: z.ZodObject<{
    keyId: z.ZodUUID;
    userId: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const VerifyLog: z.ZodObject<{
    after: z.ZodDefault<z.ZodInt>;
    limit: z.ZodDefault<z.ZodInt>;
}, z.core.$strip>;
export declare const RenderMarkdown: z.ZodObject<{
    text: z.ZodString;
}, z.core.$strip>;
export declare const ModelTextPart: z.ZodObject<{
    type: z.ZodLiteral<"text">;
    text: z.ZodString;
}, z.core.$strip>;
export declare const ModelImagePart: z.ZodObject<{
    type: z.ZodLiteral<"image">;
    mediaType: z.ZodOptional<z.ZodEnum<{
        "image/png": "image/png";
        "image/jpeg": "image/jpeg";
        "image/gif": "image/gif";
        "image/webp": "image/webp";
    }>>;
    data: z.ZodOptional<z.ZodString>;
    url: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const ModelToolCall: z.ZodObject<{
    id: z.ZodString;
    name: z.ZodString;
    arguments: z.ZodDefault<z.ZodString>;
    input: z.ZodOptional<z.ZodAny>;
    error: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const ModelMessage: z.ZodObject<{
    role: z.ZodEnum<{
        user: "user";
        system: "system";
        assistant: "assistant";
        tool: "tool";
    }>;
    text: z.ZodOptional<z.ZodString>;
    parts: z.ZodDefault<z.ZodArray<z.ZodDiscriminatedUnion<[z.ZodObject<{
        type: z.ZodLiteral<"text">;
        text: z.ZodString;
    }, z.core.$strip>, z.ZodObject<{
        type: z.ZodLiteral<"image">;
        mediaType: z.ZodOptional<z.ZodEnum<{
            "image/png": "image/png";
            "image/jpeg": "image/jpeg";
            "image/gif": "image/gif";
            "image/webp": "image/webp";
        }>>;
        data: z.ZodOptional<z.ZodString>;
        url: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>], "type">>>;
    toolCalls: z.ZodDefault<z.ZodArray<z.ZodObject<{
        id: z.ZodString;
        name: z.ZodString;
        arguments: z.ZodDefault<z.ZodString>;
        input: z.ZodOptional<z.ZodAny>;
        error: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>>;
    toolCallId: z.ZodOptional<z.ZodString>;
    cache: z.ZodDefault<z.ZodBoolean>;
}, z.core.$strip>;
export declare const ModelTool: z.ZodObject<{
    name: z.ZodString;
    description: z.ZodDefault<z.ZodString>;
    parameters: z.ZodRecord<z.ZodString, z.ZodAny>;
}, z.core.$strip>;
export declare const ModelAsk: z.ZodObject<{
    messages: z.ZodArray<z.ZodObject<{
        role: z.ZodEnum<{
            user: "user";
            system: "system";
            assistant: "assistant";
            tool: "tool";
        }>;
        text: z.ZodOptional<z.ZodString>;
        parts: z.ZodDefault<z.ZodArray<z.ZodDiscriminatedUnion<[z.ZodObject<{
            type: z.ZodLiteral<"text">;
            text: z.ZodString;
        }, z.core.$strip>, z.ZodObject<{
            type: z.ZodLiteral<"image">;
            mediaType: z.ZodOptional<z.ZodEnum<{
                "image/png": "image/png";
                "image/jpeg": "image/jpeg";
                "image/gif": "image/gif";
                "image/webp": "image/webp";
            }>>;
            data: z.ZodOptional<z.ZodString>;
            url: z.ZodOptional<z.ZodString>;
        }, z.core.$strip>], "type">>>;
        toolCalls: z.ZodDefault<z.ZodArray<z.ZodObject<{
            id: z.ZodString;
            name: z.ZodString;
            arguments: z.ZodDefault<z.ZodString>;
            input: z.ZodOptional<z.ZodAny>;
            error: z.ZodOptional<z.ZodString>;
        }, z.core.$strip>>>;
        toolCallId: z.ZodOptional<z.ZodString>;
        cache: z.ZodDefault<z.ZodBoolean>;
    }, z.core.$strip>>;
    tools: z.ZodDefault<z.ZodArray<z.ZodObject<{
        name: z.ZodString;
        description: z.ZodDefault<z.ZodString>;
        parameters: z.ZodRecord<z.ZodString, z.ZodAny>;
    }, z.core.$strip>>>;
    toolChoice: z.ZodOptional<z.ZodString>;
    outputSchema: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    tokensMax: z.ZodOptional<z.ZodInt>;
    temperature: z.ZodOptional<z.ZodNumber>;
    stop: z.ZodDefault<z.ZodArray<z.ZodString>>;
}, z.core.$strip>;
export declare const ModelUsage: z.ZodObject<{
    input: z.ZodInt;
    output: z.ZodInt;
    cached: z.ZodInt;
    cacheWritten: z.ZodDefault<z.ZodInt>;
    estimated: z.ZodBoolean;
}, z.core.$strip>;
export declare const ModelAnswer: z.ZodObject<{
    callId: z.ZodUUID;
    text: z.ZodString;
    toolCalls: z.ZodArray<z.ZodObject<{
        id: z.ZodString;
        name: z.ZodString;
        arguments: z.ZodDefault<z.ZodString>;
        input: z.ZodOptional<z.ZodAny>;
        error: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
    output: z.ZodOptional<z.ZodAny>;
    finish: z.ZodEnum<{
        length: "length";
        stop: "stop";
        other: "other";
        tools: "tools";
        filtered: "filtered";
    }>;
    usage: z.ZodObject<{
        input: z.ZodInt;
        output: z.ZodInt;
        cached: z.ZodInt;
        cacheWritten: z.ZodDefault<z.ZodInt>;
        estimated: z.ZodBoolean;
    }, z.core.$strip>;
    cost: z.ZodNumber;
    provider: z.ZodString;
    model: z.ZodString;
    answeredBy: z.ZodString;
    ms: z.ZodInt;
}, z.core.$strip>;
export declare const ModelStreamAsk: z.ZodObject<{
    messages: z.ZodArray<z.ZodObject<{
        role: z.ZodEnum<{
            user: "user";
            system: "system";
            assistant: "assistant";
            tool: "tool";
        }>;
        text: z.ZodOptional<z.ZodString>;
        parts: z.ZodDefault<z.ZodArray<z.ZodDiscriminatedUnion<[z.ZodObject<{
            type: z.ZodLiteral<"text">;
            text: z.ZodString;
        }, z.core.$strip>, z.ZodObject<{
            type: z.ZodLiteral<"image">;
            mediaType: z.ZodOptional<z.ZodEnum<{
                "image/png": "image/png";
                "image/jpeg": "image/jpeg";
                "image/gif": "image/gif";
                "image/webp": "image/webp";
            }>>;
            data: z.ZodOptional<z.ZodString>;
            url: z.ZodOptional<z.ZodString>;
        }, z.core.$strip>], "type">>>;
        toolCalls: z.ZodDefault<z.ZodArray<z.ZodObject<{
            id: z.ZodString;
            name: z.ZodString;
            arguments: z.ZodDefault<z.ZodString>;
            input: z.ZodOptional<z.ZodAny>;
            error: z.ZodOptional<z.ZodString>;
        }, z.core.$strip>>>;
        toolCallId: z.ZodOptional<z.ZodString>;
        cache: z.ZodDefault<z.ZodBoolean>;
    }, z.core.$strip>>;
    tools: z.ZodDefault<z.ZodArray<z.ZodObject<{
        name: z.ZodString;
        description: z.ZodDefault<z.ZodString>;
        parameters: z.ZodRecord<z.ZodString, z.ZodAny>;
    }, z.core.$strip>>>;
    toolChoice: z.ZodOptional<z.ZodString>;
    outputSchema: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    tokensMax: z.ZodOptional<z.ZodInt>;
    temperature: z.ZodOptional<z.ZodNumber>;
    stop: z.ZodDefault<z.ZodArray<z.ZodString>>;
    lastEventId: z.ZodOptional<z.ZodNullable<z.ZodString>>;
}, z.core.$strip>;
export declare const ModelUsageQuery: z.ZodObject<{
    days: z.ZodDefault<z.ZodInt>;
}, z.core.$strip>;
export declare const BacklinksOf: z.ZodObject<{
    id: z.ZodUUID;
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodUUID>;
}, z.core.$strip>;
export declare const NoteOrigin: z.ZodObject<{
    path: z.ZodString;
    checksum: z.ZodString;
}, z.core.$strip>;
export declare const CreateNote: z.ZodObject<{
    content: z.ZodString;
    title: z.ZodOptional<z.ZodString>;
    tags: z.ZodOptional<z.ZodArray<z.ZodString>>;
    properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    origin: z.ZodOptional<z.ZodObject<{
        path: z.ZodString;
        checksum: z.ZodString;
    }, z.core.$strip>>;
    createdAt: z.ZodOptional<z.ZodISODateTime>;
    updatedAt: z.ZodOptional<z.ZodISODateTime>;
    batch: z.ZodOptional<z.ZodString>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const Upload: z.ZodObject<{
    id: z.ZodUUID;
    size: z.ZodInt;
    checksum: z.ZodString;
}, z.core.$strip>;
export declare const CreateNoteUploaded: z.ZodObject<{
    upload: z.ZodObject<{
        id: z.ZodUUID;
        size: z.ZodInt;
        checksum: z.ZodString;
    }, z.core.$strip>;
    title: z.ZodOptional<z.ZodString>;
    tags: z.ZodOptional<z.ZodArray<z.ZodString>>;
    properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    origin: z.ZodOptional<z.ZodObject<{
        path: z.ZodString;
        checksum: z.ZodString;
    }, z.core.$strip>>;
    createdAt: z.ZodOptional<z.ZodISODateTime>;
    updatedAt: z.ZodOptional<z.ZodISODateTime>;
    batch: z.ZodOptional<z.ZodString>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const DeleteNote: z.ZodObject<{
    id: z.ZodUUID;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const FindOrigins: z.ZodObject<{
    paths: z.ZodDefault<z.ZodArray<z.ZodString>>;
    checksums: z.ZodDefault<z.ZodArray<z.ZodString>>;
    ids: z.ZodDefault<z.ZodArray<z.ZodUUID>>;
}, z.core.$strip>;
export declare const GetNote: z.ZodObject<{
    id: z.ZodUUID;
    version: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const GetNoteHistory: z.ZodObject<{
    id: z.ZodUUID;
    limit: z.ZodDefault<z.ZodInt>;
    before: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const ListNotes: z.ZodObject<{
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    sort: z.ZodDefault<z.ZodEnum<{
        createdAt: "createdAt";
        "-createdAt": "-createdAt";
    }>>;
    tag: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const RestoreNote: z.ZodObject<{
    id: z.ZodUUID;
    version: z.ZodInt;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const UpdateNote: z.ZodObject<{
    id: z.ZodUUID;
    content: z.ZodOptional<z.ZodString>;
    title: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    tags: z.ZodOptional<z.ZodArray<z.ZodString>>;
    ownTags: z.ZodOptional<z.ZodArray<z.ZodString>>;
    properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    origin: z.ZodOptional<z.ZodNullable<z.ZodObject<{
        path: z.ZodString;
        checksum: z.ZodString;
    }, z.core.$strip>>>;
    createdAt: z.ZodOptional<z.ZodISODateTime>;
    updatedAt: z.ZodOptional<z.ZodISODateTime>;
    batch: z.ZodOptional<z.ZodString>;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const UploadNote: z.ZodObject<{}, z.core.$strip>;
export declare const GetNoteUrl: z.ZodObject<{
    id: z.ZodUUID;
    version: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const ReadLogs: z.ZodObject<{
    level: z.ZodDefault<z.ZodEnum<{
        error: "error";
        warn: "warn";
        info: "info";
        debug: "debug";
    }>>;
    since: z.ZodOptional<z.ZodISODateTime>;
    limit: z.ZodDefault<z.ZodInt>;
}, z.core.$strip>;
export declare const ListSamples: z.ZodObject<{
    seconds: z.ZodDefault<z.ZodInt>;
}, z.core.$strip>;
export declare const LogLine: z.ZodObject<{
    id: z.ZodString;
    time: z.ZodISODateTime;
    level: z.ZodEnum<{
        error: "error";
        warn: "warn";
        info: "info";
        debug: "debug";
    }>;
    room: z.ZodString;
    message: z.ZodString;
    fields: z.ZodRecord<z.ZodString, z.ZodAny>;
}, z.core.$strip>;
export declare const WatchLogs: z.ZodObject<{
    level: z.ZodDefault<z.ZodEnum<{
        error: "error";
        warn: "warn";
        info: "info";
        debug: "debug";
    }>>;
    since: z.ZodOptional<z.ZodISODateTime>;
    lastEventId: z.ZodOptional<z.ZodNullable<z.ZodString>>;
}, z.core.$strip>;
export declare const ProjectionName: z.ZodObject<{
    name: z.ZodString;
}, z.core.$strip>;
export declare const CompleteProject: z.ZodObject<{
    id: z.ZodUUID;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const CreateProject: z.ZodObject<{
    title: z.ZodString;
    description: z.ZodDefault<z.ZodString>;
    startDate: z.ZodOptional<z.ZodString>;
    endDate: z.ZodOptional<z.ZodString>;
    status: z.ZodDefault<z.ZodEnum<{
        active: "active";
        completed: "completed";
        paused: "paused";
    }>>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const DeleteProject: z.ZodObject<{
    id: z.ZodUUID;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const GetProject: z.ZodObject<{
    id: z.ZodUUID;
    version: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const GetProjectHistory: z.ZodObject<{
    id: z.ZodUUID;
    limit: z.ZodDefault<z.ZodInt>;
    before: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const ListProjects: z.ZodObject<{
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    sort: z.ZodDefault<z.ZodEnum<{
        title: "title";
        status: "status";
        createdAt: "createdAt";
        "-createdAt": "-createdAt";
        "-status": "-status";
        startDate: "startDate";
        "-startDate": "-startDate";
        endDate: "endDate";
        "-endDate": "-endDate";
        "-title": "-title";
    }>>;
    status: z.ZodOptional<z.ZodEnum<{
        active: "active";
        completed: "completed";
        paused: "paused";
    }>>;
    startDate: z.ZodOptional<z.ZodString>;
    startDateFrom: z.ZodOptional<z.ZodString>;
    startDateTo: z.ZodOptional<z.ZodString>;
    endDate: z.ZodOptional<z.ZodString>;
    endDateFrom: z.ZodOptional<z.ZodString>;
    endDateTo: z.ZodOptional<z.ZodString>;
    title: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const ReopenProject: z.ZodObject<{
    id: z.ZodUUID;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const RestoreProject: z.ZodObject<{
    id: z.ZodUUID;
    version: z.ZodInt;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const UpdateProject: z.ZodObject<{
    id: z.ZodUUID;
    title: z.ZodOptional<z.ZodString>;
    description: z.ZodOptional<z.ZodString>;
    startDate: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    endDate: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    status: z.ZodOptional<z.ZodEnum<{
        active: "active";
        completed: "completed";
        paused: "paused";
    }>>;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const AcceptProposal: z.ZodObject<{
    id: z.ZodUUID;
    input: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const CreateProposal: z.ZodObject<{
    procedure: z.ZodString;
    input: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    reason: z.ZodOptional<z.ZodString>;
    expiresAt: z.ZodOptional<z.ZodISODateTime>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const GetProposal: z.ZodObject<{
    id: z.ZodUUID;
}, z.core.$strip>;
export declare const ListProposals: z.ZodObject<{
    status: z.ZodOptional<z.ZodEnum<{
        failed: "failed";
        open: "open";
        expired: "expired";
        rejected: "rejected";
        accepting: "accepting";
        accepted: "accepted";
        withdrawn: "withdrawn";
    }>>;
    cursor: z.ZodOptional<z.ZodString>;
    limit: z.ZodDefault<z.ZodInt>;
}, z.core.$strip>;
export declare const RejectProposal: z.ZodObject<{
    id: z.ZodUUID;
    reason: z.ZodOptional<z.ZodString>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const WithdrawProposal: z.ZodObject<{
    id: z.ZodUUID;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const CreateRelation: z.ZodObject<{
    fromId: z.ZodUUID;
    toId: z.ZodUUID;
    type: z.ZodString;
    properties: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    validFrom: z.ZodOptional<z.ZodString>;
    validTo: z.ZodOptional<z.ZodString>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const DeleteRelation: z.ZodObject<{
    id: z.ZodUUID;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const GetRelation: z.ZodObject<{
    id: z.ZodUUID;
    version: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const GetRelationHistory: z.ZodObject<{
    id: z.ZodUUID;
    limit: z.ZodDefault<z.ZodInt>;
    before: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const ListRelations: z.ZodObject<{
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    sort: z.ZodDefault<z.ZodEnum<{
        type: "type";
        createdAt: "createdAt";
        "-createdAt": "-createdAt";
        fromId: "fromId";
        "-fromId": "-fromId";
        toId: "toId";
        "-toId": "-toId";
        "-type": "-type";
    }>>;
    fromId: z.ZodOptional<z.ZodUUID>;
    toId: z.ZodOptional<z.ZodUUID>;
    type: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const NeighboursOf: z.ZodObject<{
    id: z.ZodUUID;
    depth: z.ZodDefault<z.ZodInt>;
    limit: z.ZodDefault<z.ZodInt>;
    direction: z.ZodDefault<z.ZodEnum<{
        both: "both";
        out: "out";
        in: "in";
    }>>;
    types: z.ZodDefault<z.ZodArray<z.ZodString>>;
    at: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const RestoreRelation: z.ZodObject<{
    id: z.ZodUUID;
    version: z.ZodInt;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const UpdateRelation: z.ZodObject<{
    id: z.ZodUUID;
    type: z.ZodOptional<z.ZodString>;
    properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    validFrom: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    validTo: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const GetRequest: z.ZodObject<{
    requestId: z.ZodUUID;
}, z.core.$strip>;
export declare const RunId: z.ZodObject<{
    id: z.ZodUUID;
}, z.core.$strip>;
export declare const ListRuns: z.ZodObject<{
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodNullable<z.ZodUUID>>;
    status: z.ZodOptional<z.ZodEnum<{
        failed: "failed";
        active: "active";
        completed: "completed";
        sleeping: "sleeping";
        cancelled: "cancelled";
        discarded: "discarded";
    }>>;
    function: z.ZodOptional<z.ZodString>;
    eventId: z.ZodOptional<z.ZodUUID>;
    correlationId: z.ZodOptional<z.ZodUUID>;
    eventType: z.ZodOptional<z.ZodString>;
    from: z.ZodOptional<z.ZodISODateTime>;
    to: z.ZodOptional<z.ZodISODateTime>;
    text: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const RerunOf: z.ZodObject<{
    id: z.ZodUUID;
    fromStep: z.ZodOptional<z.ZodString>;
    input: z.ZodOptional<z.ZodAny>;
}, z.core.$strip>;
export declare const ResultOf: z.ZodObject<{
    id: z.ZodUUID;
    step: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const SearchFilters: z.ZodObject<{
    project: z.ZodOptional<z.ZodUUID>;
    status: z.ZodOptional<z.ZodString>;
    from: z.ZodOptional<z.ZodString>;
    to: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const SearchQuery: z.ZodObject<{
    q: z.ZodString;
    mode: z.ZodOptional<z.ZodEnum<{
        hybrid: "hybrid";
        text: "text";
        semantic: "semantic";
    }>>;
    types: z.ZodDefault<z.ZodArray<z.ZodString>>;
    tags: z.ZodDefault<z.ZodArray<z.ZodString>>;
    filters: z.ZodOptional<z.ZodObject<{
        project: z.ZodOptional<z.ZodUUID>;
        status: z.ZodOptional<z.ZodString>;
        from: z.ZodOptional<z.ZodString>;
        to: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const SimilarQuery: z.ZodObject<{
    entityId: z.ZodUUID;
    types: z.ZodDefault<z.ZodArray<z.ZodString>>;
    limit: z.ZodDefault<z.ZodInt>;
}, z.core.$strip>;
export declare const SuggestQuery: z.ZodObject<{
    prefix: z.ZodString;
    limit: z.ZodDefault<z.ZodInt>;
}, z.core.$strip>;
export declare const SendSignal: z.ZodObject<{
    signal: z.ZodString;
    data: z.ZodDefault<z.ZodAny>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const DeleteStoreItem: z.ZodObject<{
    namespace: z.ZodArray<z.ZodString>;
    key: z.ZodString;
    expectedVersion: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const StoreItemName: z.ZodObject<{
    namespace: z.ZodArray<z.ZodString>;
    key: z.ZodString;
}, z.core.$strip>;
export declare const ListStoreNamespaces: z.ZodObject<{
    prefix: z.ZodOptional<z.ZodArray<z.ZodString>>;
    suffix: z.ZodOptional<z.ZodArray<z.ZodString>>;
    maxDepth: z.ZodOptional<z.ZodInt>;
    limit: z.ZodDefault<z.ZodInt>;
    offset: z.ZodDefault<z.ZodInt>;
}, z.core.$strip>;
export declare const PutStoreItem: z.ZodObject<{
    namespace: z.ZodArray<z.ZodString>;
    key: z.ZodString;
    value: z.ZodRecord<z.ZodString, z.ZodAny>;
    index: z.ZodOptional<z.ZodArray<z.ZodString>>;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const SearchStoreItems: z.ZodObject<{
    namespacePrefix: z.ZodDefault<z.ZodArray<z.ZodString>>;
    filter: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    query: z.ZodOptional<z.ZodString>;
    limit: z.ZodDefault<z.ZodInt>;
    offset: z.ZodDefault<z.ZodInt>;
}, z.core.$strip>;
export declare const ColourTag: z.ZodObject<{
    tag: z.ZodString;
    colour: z.ZodNullable<z.ZodEnum<{
        red: "red";
        orange: "orange";
        yellow: "yellow";
        green: "green";
        teal: "teal";
        blue: "blue";
        purple: "purple";
        pink: "pink";
        brown: "brown";
        grey: "grey";
    }>>;
}, z.core.$strip>;
export declare const ListTags: z.ZodObject<{
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
}, z.core.$strip>;
export declare const RemoveTag: z.ZodObject<{
    tag: z.ZodString;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const RenameTag: z.ZodObject<{
    tag: z.ZodString;
    to: z.ZodString;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const CompleteTask: z.ZodObject<{
    id: z.ZodUUID;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const CreateTask: z.ZodObject<{
    title: z.ZodString;
    description: z.ZodDefault<z.ZodString>;
    dueDate: z.ZodOptional<z.ZodString>;
    priority: z.ZodDefault<z.ZodEnum<{
        normal: "normal";
        high: "high";
        low: "low";
        urgent: "urgent";
    }>>;
    status: z.ZodDefault<z.ZodEnum<{
        open: "open";
        done: "done";
        in_progress: "in_progress";
    }>>;
    projectId: z.ZodOptional<z.ZodUUID>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const DeleteTask: z.ZodObject<{
    id: z.ZodUUID;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const GetTask: z.ZodObject<{
    id: z.ZodUUID;
    version: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const GetTaskHistory: z.ZodObject<{
    id: z.ZodUUID;
    limit: z.ZodDefault<z.ZodInt>;
    before: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const ListTasks: z.ZodObject<{
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    sort: z.ZodDefault<z.ZodEnum<{
        priority: "priority";
        status: "status";
        createdAt: "createdAt";
        "-createdAt": "-createdAt";
        "-status": "-status";
        dueDate: "dueDate";
        "-dueDate": "-dueDate";
        "-priority": "-priority";
        projectId: "projectId";
        "-projectId": "-projectId";
    }>>;
    status: z.ZodOptional<z.ZodEnum<{
        open: "open";
        done: "done";
        in_progress: "in_progress";
    }>>;
    dueDate: z.ZodOptional<z.ZodString>;
    dueDateFrom: z.ZodOptional<z.ZodString>;
    dueDateTo: z.ZodOptional<z.ZodString>;
    priority: z.ZodOptional<z.ZodEnum<{
        normal: "normal";
        high: "high";
        low: "low";
        urgent: "urgent";
    }>>;
    projectId: z.ZodOptional<z.ZodUUID>;
}, z.core.$strip>;
export declare const ReopenTask: z.ZodObject<{
    id: z.ZodUUID;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const RestoreTask: z.ZodObject<{
    id: z.ZodUUID;
    version: z.ZodInt;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const UpdateTask: z.ZodObject<{
    id: z.ZodUUID;
    title: z.ZodOptional<z.ZodString>;
    description: z.ZodOptional<z.ZodString>;
    dueDate: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    priority: z.ZodOptional<z.ZodEnum<{
        normal: "normal";
        high: "high";
        low: "low";
        urgent: "urgent";
    }>>;
    status: z.ZodOptional<z.ZodEnum<{
        open: "open";
        done: "done";
        in_progress: "in_progress";
    }>>;
    projectId: z.ZodOptional<z.ZodNullable<z.ZodUUID>>;
    expectedVersion: z.ZodOptional<z.ZodInt>;
    idempotencyKey: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const CreateUser: z.ZodObject<{
    name: z.ZodString;
    role: z.ZodDefault<z.ZodEnum<{
        owner: "owner";
        member: "member";
    }>>;
}, z.core.$strip>;
export declare const ListUsers: z.ZodObject<{
    limit: z.ZodDefault<z.ZodInt>;
    cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
}, z.core.$strip>;
export declare const AgentSpent: z.ZodObject<{
    modelCalls: z.ZodInt;
    toolCalls: z.ZodInt;
    tokens: z.ZodInt;
    cost: z.ZodNumber;
}, z.core.$strip>;
export declare const AgentRunCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    agent: z.ZodString;
    output: z.ZodAny;
    rounds: z.ZodInt;
    spent: z.ZodObject<{
        modelCalls: z.ZodInt;
        toolCalls: z.ZodInt;
        tokens: z.ZodInt;
        cost: z.ZodNumber;
    }, z.core.$strip>;
}, z.core.$strip>;
export declare const Failure: z.ZodObject<{
    function: z.ZodString;
    runId: z.ZodUUID;
    attempts: z.ZodInt;
    name: z.ZodString;
    message: z.ZodString;
}, z.core.$strip>;
export declare const AgentRunInterrupted: z.ZodObject<{
    entityId: z.ZodUUID;
    question: z.ZodAny;
    questionId: z.ZodString;
}, z.core.$strip>;
export declare const AgentForkOf: z.ZodObject<{
    id: z.ZodUUID;
    checkpoint: z.ZodInt;
    edits: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    path: z.ZodDefault<z.ZodArray<z.ZodString>>;
}, z.core.$strip>;
export declare const AgentRunRequested: z.ZodObject<{
    entityId: z.ZodUUID;
    agent: z.ZodString;
    input: z.ZodAny;
    scopes: z.ZodArray<z.ZodString>;
    fork: z.ZodOptional<z.ZodObject<{
        id: z.ZodUUID;
        checkpoint: z.ZodInt;
        edits: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        path: z.ZodDefault<z.ZodArray<z.ZodString>>;
    }, z.core.$strip>>;
    tainted: z.ZodOptional<z.ZodBoolean>;
    key: z.ZodOptional<z.ZodString>;
    depth: z.ZodOptional<z.ZodInt>;
    trusting: z.ZodOptional<z.ZodBoolean>;
    chain: z.ZodOptional<z.ZodUUID>;
}, z.core.$strip>;
export declare const AgentRunResumed: z.ZodObject<{
    entityId: z.ZodUUID;
    questionId: z.ZodString;
    answer: z.ZodAny;
}, z.core.$strip>;
export declare const AgentSwitched: z.ZodObject<{
    agent: z.ZodString;
    on: z.ZodBoolean;
    schedule: z.ZodOptional<z.ZodString>;
    scopes: z.ZodArray<z.ZodString>;
}, z.core.$strip>;
export declare const ChatToolUse: z.ZodObject<{
    name: z.ZodString;
    arguments: z.ZodString;
    ok: z.ZodBoolean;
    result: z.ZodString;
}, z.core.$strip>;
export declare const ChatCitation: z.ZodObject<{
    number: z.ZodInt;
    entityId: z.ZodUUID;
    entityType: z.ZodString;
    title: z.ZodString;
    passage: z.ZodString;
}, z.core.$strip>;
export declare const ChatMessageCreated: z.ZodObject<{
    entityId: z.ZodUUID;
    messageId: z.ZodUUID;
    role: z.ZodEnum<{
        user: "user";
        assistant: "assistant";
    }>;
    text: z.ZodString;
    runId: z.ZodOptional<z.ZodUUID>;
    tools: z.ZodDefault<z.ZodArray<z.ZodObject<{
        name: z.ZodString;
        arguments: z.ZodString;
        ok: z.ZodBoolean;
        result: z.ZodString;
    }, z.core.$strip>>>;
    citations: z.ZodDefault<z.ZodArray<z.ZodObject<{
        number: z.ZodInt;
        entityId: z.ZodUUID;
        entityType: z.ZodString;
        title: z.ZodString;
        passage: z.ZodString;
    }, z.core.$strip>>>;
    error: z.ZodOptional<z.ZodString>;
    tainted: z.ZodOptional<z.ZodBoolean>;
    key: z.ZodOptional<z.ZodString>;
    parentId: z.ZodOptional<z.ZodUUID>;
    others: z.ZodOptional<z.ZodBoolean>;
}, z.core.$strip>;
export declare const ChatThreadCreated: z.ZodObject<{
    entityId: z.ZodUUID;
    title: z.ZodString;
}, z.core.$strip>;
export declare const ChatThreadDeleted: z.ZodObject<{
    entityId: z.ZodUUID;
}, z.core.$strip>;
export declare const ChatThreadRenamed: z.ZodObject<{
    entityId: z.ZodUUID;
    title: z.ZodString;
}, z.core.$strip>;
export declare const ChatThreadTrusted: z.ZodObject<{
    entityId: z.ZodUUID;
    trusted: z.ZodBoolean;
    key: z.ZodString;
}, z.core.$strip>;
export declare const EntityCreationCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
    type: z.ZodString;
    typeVersion: z.ZodInt;
    title: z.ZodString;
    data: z.ZodRecord<z.ZodString, z.ZodAny>;
}, z.core.$strip>;
export declare const EntityCreationRequested: z.ZodObject<{
    type: z.ZodString;
    data: z.ZodRecord<z.ZodString, z.ZodAny>;
}, z.core.$strip>;
export declare const EntityDeletionCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
}, z.core.$strip>;
export declare const EntityDeletionRequested: z.ZodObject<{}, z.core.$strip>;
export declare const EntityIndexed: z.ZodObject<{
    type: z.ZodString;
    typeVersion: z.ZodInt;
}, z.core.$strip>;
export declare const EntityUpdateCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
    type: z.ZodString;
    typeVersion: z.ZodInt;
    title: z.ZodString;
    data: z.ZodRecord<z.ZodString, z.ZodAny>;
}, z.core.$strip>;
export declare const EntityUpdateRequested: z.ZodObject<{
    type: z.ZodOptional<z.ZodString>;
    data: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
}, z.core.$strip>;
export declare const EntityTypeBackfill: z.ZodObject<{
    name: z.ZodString;
    version: z.ZodInt;
    behind: z.ZodOptional<z.ZodUUID>;
}, z.core.$strip>;
export declare const EntityTypeDefinition: z.ZodObject<{
    schema: z.ZodRecord<z.ZodString, z.ZodAny>;
    filters: z.ZodDefault<z.ZodArray<z.ZodString>>;
    sorts: z.ZodDefault<z.ZodArray<z.ZodString>>;
    lists: z.ZodDefault<z.ZodArray<z.ZodObject<{
        filter: z.ZodString;
        sort: z.ZodString;
    }, z.core.$strip>>>;
    title: z.ZodOptional<z.ZodString>;
    icon: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const EntityTypeDefined: z.ZodObject<{
    name: z.ZodString;
    version: z.ZodInt;
    definition: z.ZodObject<{
        schema: z.ZodRecord<z.ZodString, z.ZodAny>;
        filters: z.ZodDefault<z.ZodArray<z.ZodString>>;
        sorts: z.ZodDefault<z.ZodArray<z.ZodString>>;
        lists: z.ZodDefault<z.ZodArray<z.ZodObject<{
            filter: z.ZodString;
            sort: z.ZodString;
        }, z.core.$strip>>>;
        title: z.ZodOptional<z.ZodString>;
        icon: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
}, z.core.$strip>;
export declare const EntityTypeRemoved: z.ZodObject<{
    name: z.ZodString;
}, z.core.$strip>;
export declare const EventTypeRegistered: z.ZodObject<{
    name: z.ZodString;
    version: z.ZodInt;
    schema: z.ZodRecord<z.ZodString, z.ZodAny>;
}, z.core.$strip>;
export declare const RunEnd: z.ZodObject<{
    function: z.ZodString;
    runId: z.ZodUUID;
    status: z.ZodEnum<{
        failed: "failed";
        completed: "completed";
        cancelled: "cancelled";
    }>;
    eventId: z.ZodUUID;
    attempts: z.ZodInt;
    name: z.ZodOptional<z.ZodString>;
    message: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const Invocation: z.ZodObject<{
    function: z.ZodString;
    data: z.ZodAny;
    runId: z.ZodUUID;
    step: z.ZodString;
    depth: z.ZodOptional<z.ZodInt>;
    sourceFunction: z.ZodOptional<z.ZodString>;
    sourceApp: z.ZodOptional<z.ZodString>;
    name: z.ZodOptional<z.ZodString>;
    expiresAt: z.ZodOptional<z.ZodISODateTime>;
    sdk: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
}, z.core.$strip>;
export declare const FunctionAct: z.ZodObject<{
    function: z.ZodString;
}, z.core.$strip>;
export declare const ReplayAct: z.ZodObject<{
    function: z.ZodString;
    replayId: z.ZodUUID;
    fromPosition: z.ZodInt;
    toPosition: z.ZodInt;
}, z.core.$strip>;
export declare const Tick: z.ZodObject<{
    function: z.ZodString;
    cron: z.ZodString;
    scheduledAt: z.ZodISODateTime;
    missed: z.ZodDefault<z.ZodInt>;
}, z.core.$strip>;
export declare const GraphThreadPlace: z.ZodObject<{
    threadId: z.ZodString;
    checkpointNs: z.ZodOptional<z.ZodString>;
    checkpointId: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const HttpRequest: z.ZodObject<{
    domain: z.ZodString;
    method: z.ZodString;
    path: z.ZodString;
    ip: z.ZodString;
    content_type: z.ZodString;
    query_params: z.ZodString;
    body: z.ZodString;
    fn: z.ZodString;
}, z.core.$strip>;
export declare const KeyCreated: z.ZodObject<{
    keyId: z.ZodUUID;
    name: z.ZodString;
    prefix: z.ZodString;
    hash: z.ZodString;
    scopes: z.ZodOptional<z.ZodArray<z.ZodString>>;
    expiresAt: z.ZodOptional<z.ZodISODateTime>;
    kind: z.ZodOptional<z.ZodEnum<{
        session: "session";
    }>>;
    parent: z.ZodOptional<z.ZodUUID>;
}, z.core.$strip>;
export declare const KeyRevoked: z.ZodObject<{
    keyId: z.ZodUUID;
}, z.core.$strip>;
export declare const ModelCall: z.ZodObject<{
    callId: z.ZodUUID;
    capability: z.ZodEnum<{
        embed: "embed";
        chat: "chat";
    }>;
    provider: z.ZodString;
    wire: z.ZodString;
    model: z.ZodString;
    answeredBy: z.ZodOptional<z.ZodString>;
    day: z.ZodString;
    input: z.ZodInt;
    output: z.ZodInt;
    cached: z.ZodInt;
    cacheWritten: z.ZodOptional<z.ZodInt>;
    estimated: z.ZodBoolean;
    costNanos: z.ZodInt;
    ms: z.ZodInt;
    firstMs: z.ZodOptional<z.ZodInt>;
    finish: z.ZodEnum<{
        length: "length";
        error: "error";
        stop: "stop";
        other: "other";
        interrupted: "interrupted";
        cancelled: "cancelled";
        tools: "tools";
        filtered: "filtered";
    }>;
    error: z.ZodOptional<z.ZodString>;
    reason: z.ZodOptional<z.ZodString>;
    status: z.ZodOptional<z.ZodInt>;
    requestId: z.ZodOptional<z.ZodString>;
    requestHash: z.ZodString;
    attempts: z.ZodInt;
    chain: z.ZodOptional<z.ZodUUID>;
    key: z.ZodOptional<z.ZodString>;
    secrets: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const NoteFile: z.ZodObject<{
    name: z.ZodString;
    size: z.ZodInt;
    checksum: z.ZodString;
}, z.core.$strip>;
export declare const NoteCreationCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    title: z.ZodString;
    tags: z.ZodDefault<z.ZodArray<z.ZodString>>;
    properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    origin: z.ZodOptional<z.ZodObject<{
        path: z.ZodString;
        checksum: z.ZodString;
    }, z.core.$strip>>;
    preview: z.ZodString;
    file: z.ZodObject<{
        name: z.ZodString;
        size: z.ZodInt;
        checksum: z.ZodString;
    }, z.core.$strip>;
    given: z.ZodOptional<z.ZodArray<z.ZodString>>;
    textTags: z.ZodOptional<z.ZodArray<z.ZodString>>;
    ownTags: z.ZodOptional<z.ZodArray<z.ZodString>>;
    createdAt: z.ZodOptional<z.ZodISODateTime>;
    updatedAt: z.ZodOptional<z.ZodISODateTime>;
    version: z.ZodInt;
    at: z.ZodISODateTime;
    source: z.ZodString;
}, z.core.$strip>;
export declare const NotePresentText: z.ZodObject<{
    tag: z.ZodOptional<z.ZodString>;
    to: z.ZodOptional<z.ZodString>;
    links: z.ZodOptional<z.ZodArray<z.ZodString>>;
    newTarget: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const NoteText: z.ZodObject<{
    content: z.ZodOptional<z.ZodString>;
    file: z.ZodOptional<z.ZodObject<{
        name: z.ZodString;
        size: z.ZodInt;
        checksum: z.ZodString;
    }, z.core.$strip>>;
    preview: z.ZodOptional<z.ZodString>;
    present: z.ZodOptional<z.ZodObject<{
        tag: z.ZodOptional<z.ZodString>;
        to: z.ZodOptional<z.ZodString>;
        links: z.ZodOptional<z.ZodArray<z.ZodString>>;
        newTarget: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
}, z.core.$strip>;
export declare const NoteCreationRequested: z.ZodObject<{
    text: z.ZodObject<{
        content: z.ZodOptional<z.ZodString>;
        file: z.ZodOptional<z.ZodObject<{
            name: z.ZodString;
            size: z.ZodInt;
            checksum: z.ZodString;
        }, z.core.$strip>>;
        preview: z.ZodOptional<z.ZodString>;
        present: z.ZodOptional<z.ZodObject<{
            tag: z.ZodOptional<z.ZodString>;
            to: z.ZodOptional<z.ZodString>;
            links: z.ZodOptional<z.ZodArray<z.ZodString>>;
            newTarget: z.ZodOptional<z.ZodString>;
        }, z.core.$strip>>;
    }, z.core.$strip>;
    title: z.ZodString;
    tags: z.ZodDefault<z.ZodArray<z.ZodString>>;
    properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    origin: z.ZodOptional<z.ZodObject<{
        path: z.ZodString;
        checksum: z.ZodString;
    }, z.core.$strip>>;
    given: z.ZodOptional<z.ZodArray<z.ZodString>>;
    ownTags: z.ZodOptional<z.ZodArray<z.ZodString>>;
    createdAt: z.ZodOptional<z.ZodISODateTime>;
    updatedAt: z.ZodOptional<z.ZodISODateTime>;
}, z.core.$strip>;
export declare const NoteDeletionCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    at: z.ZodISODateTime;
}, z.core.$strip>;
export declare const NoteDeletionRequested: z.ZodObject<{}, z.core.$strip>;
export declare const NoteLinkReading: z.ZodObject<{
    behind: z.ZodOptional<z.ZodString>;
    read: z.ZodInt;
    found: z.ZodInt;
    unreadable: z.ZodInt;
}, z.core.$strip>;
export declare const WikiLink: z.ZodObject<{
    target: z.ZodString;
    heading: z.ZodOptional<z.ZodString>;
    around: z.ZodString;
}, z.core.$strip>;
export declare const WikiLinksRenamed: z.ZodObject<{
    from: z.ZodArray<z.ZodString>;
    to: z.ZodString;
}, z.core.$strip>;
export declare const NoteLinksFound: z.ZodObject<{
    links: z.ZodArray<z.ZodObject<{
        target: z.ZodString;
        heading: z.ZodOptional<z.ZodString>;
        around: z.ZodString;
    }, z.core.$strip>>;
    renamed: z.ZodOptional<z.ZodObject<{
        from: z.ZodArray<z.ZodString>;
        to: z.ZodString;
    }, z.core.$strip>>;
}, z.core.$strip>;
export declare const NoteLinksOutdated: z.ZodObject<{
    title: z.ZodString;
    behind: z.ZodOptional<z.ZodUUID>;
    changed: z.ZodOptional<z.ZodInt>;
    left: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const NoteLinksRenewed: z.ZodObject<{
    changed: z.ZodInt;
    left: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
export declare const NoteNameAwaited: z.ZodObject<{
    names: z.ZodArray<z.ZodString>;
}, z.core.$strip>;
export declare const NoteRetaggingCompleted: z.ZodObject<{
    tag: z.ZodOptional<z.ZodString>;
    changed: z.ZodInt;
    left: z.ZodOptional<z.ZodInt>;
    below: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const NoteRetaggingRequested: z.ZodObject<{
    tag: z.ZodString;
    to: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const NoteTagColoured: z.ZodObject<{
    tag: z.ZodString;
    colour: z.ZodNullable<z.ZodEnum<{
        red: "red";
        orange: "orange";
        yellow: "yellow";
        green: "green";
        teal: "teal";
        blue: "blue";
        purple: "purple";
        pink: "pink";
        brown: "brown";
        grey: "grey";
    }>>;
}, z.core.$strip>;
export declare const NoteUpdateCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    title: z.ZodOptional<z.ZodString>;
    tags: z.ZodOptional<z.ZodArray<z.ZodString>>;
    properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    origin: z.ZodOptional<z.ZodNullable<z.ZodObject<{
        path: z.ZodString;
        checksum: z.ZodString;
    }, z.core.$strip>>>;
    preview: z.ZodOptional<z.ZodString>;
    file: z.ZodOptional<z.ZodObject<{
        name: z.ZodString;
        size: z.ZodInt;
        checksum: z.ZodString;
    }, z.core.$strip>>;
    given: z.ZodOptional<z.ZodArray<z.ZodString>>;
    textTags: z.ZodOptional<z.ZodArray<z.ZodString>>;
    ownTags: z.ZodOptional<z.ZodArray<z.ZodString>>;
    createdAt: z.ZodOptional<z.ZodISODateTime>;
    updatedAt: z.ZodOptional<z.ZodISODateTime>;
    version: z.ZodInt;
    at: z.ZodISODateTime;
    source: z.ZodString;
}, z.core.$strip>;
export declare const NoteUpdateRequested: z.ZodObject<{
    text: z.ZodOptional<z.ZodObject<{
        content: z.ZodOptional<z.ZodString>;
        file: z.ZodOptional<z.ZodObject<{
            name: z.ZodString;
            size: z.ZodInt;
            checksum: z.ZodString;
        }, z.core.$strip>>;
        preview: z.ZodOptional<z.ZodString>;
        present: z.ZodOptional<z.ZodObject<{
            tag: z.ZodOptional<z.ZodString>;
            to: z.ZodOptional<z.ZodString>;
            links: z.ZodOptional<z.ZodArray<z.ZodString>>;
            newTarget: z.ZodOptional<z.ZodString>;
        }, z.core.$strip>>;
    }, z.core.$strip>>;
    title: z.ZodOptional<z.ZodString>;
    tags: z.ZodOptional<z.ZodArray<z.ZodString>>;
    properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    origin: z.ZodOptional<z.ZodNullable<z.ZodObject<{
        path: z.ZodString;
        checksum: z.ZodString;
    }, z.core.$strip>>>;
    following: z.ZodOptional<z.ZodArray<z.ZodString>>;
    given: z.ZodOptional<z.ZodArray<z.ZodString>>;
    ownTags: z.ZodOptional<z.ZodArray<z.ZodString>>;
    createdAt: z.ZodOptional<z.ZodISODateTime>;
    updatedAt: z.ZodOptional<z.ZodISODateTime>;
}, z.core.$strip>;
export declare const ProjectCompletionCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
    title: z.ZodString;
    description: z.ZodDefault<z.ZodString>;
    startDate: z.ZodOptional<z.ZodString>;
    endDate: z.ZodOptional<z.ZodString>;
    status: z.ZodDefault<z.ZodEnum<{
        active: "active";
        completed: "completed";
        paused: "paused";
    }>>;
}, z.core.$strip>;
export declare const ProjectCompletionRequested: z.ZodObject<{}, z.core.$strip>;
export declare const ProjectCreationCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
    title: z.ZodString;
    description: z.ZodDefault<z.ZodString>;
    startDate: z.ZodOptional<z.ZodString>;
    endDate: z.ZodOptional<z.ZodString>;
    status: z.ZodDefault<z.ZodEnum<{
        active: "active";
        completed: "completed";
        paused: "paused";
    }>>;
}, z.core.$strip>;
export declare const ProjectCreationRequested: z.ZodObject<{
    title: z.ZodString;
    description: z.ZodDefault<z.ZodString>;
    startDate: z.ZodOptional<z.ZodString>;
    endDate: z.ZodOptional<z.ZodString>;
    status: z.ZodDefault<z.ZodEnum<{
        active: "active";
        completed: "completed";
        paused: "paused";
    }>>;
}, z.core.$strip>;
export declare const ProjectDeletionCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
}, z.core.$strip>;
export declare const ProjectDeletionRequested: z.ZodObject<{}, z.core.$strip>;
export declare const ProjectReopeningCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
    title: z.ZodString;
    description: z.ZodDefault<z.ZodString>;
    startDate: z.ZodOptional<z.ZodString>;
    endDate: z.ZodOptional<z.ZodString>;
    status: z.ZodDefault<z.ZodEnum<{
        active: "active";
        completed: "completed";
        paused: "paused";
    }>>;
}, z.core.$strip>;
export declare const ProjectReopeningRequested: z.ZodObject<{}, z.core.$strip>;
export declare const ProjectUpdateCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
    title: z.ZodString;
    description: z.ZodDefault<z.ZodString>;
    startDate: z.ZodOptional<z.ZodString>;
    endDate: z.ZodOptional<z.ZodString>;
    status: z.ZodDefault<z.ZodEnum<{
        active: "active";
        completed: "completed";
        paused: "paused";
    }>>;
}, z.core.$strip>;
export declare const ProjectUpdateRequested: z.ZodObject<{
    title: z.ZodOptional<z.ZodString>;
    description: z.ZodOptional<z.ZodString>;
    startDate: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    endDate: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    status: z.ZodOptional<z.ZodEnum<{
        active: "active";
        completed: "completed";
        paused: "paused";
    }>>;
}, z.core.$strip>;
export declare const ProposalAcceptanceCompleted: z.ZodObject<{
    entityId: z.ZodOptional<z.ZodUUID>;
    requestId: z.ZodOptional<z.ZodUUID>;
    result: z.ZodAny;
}, z.core.$strip>;
export declare const ProposalAcceptanceRequested: z.ZodObject<{
    input: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    scopes: z.ZodArray<z.ZodString>;
}, z.core.$strip>;
export declare const ProposalCreated: z.ZodObject<{
    procedure: z.ZodString;
    input: z.ZodRecord<z.ZodString, z.ZodAny>;
    reason: z.ZodOptional<z.ZodString>;
    entityType: z.ZodOptional<z.ZodString>;
    entityId: z.ZodOptional<z.ZodUUID>;
    baseVersion: z.ZodOptional<z.ZodInt>;
    expiresAt: z.ZodISODateTime;
    key: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const ProposalRejected: z.ZodObject<{
    reason: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const ProposalWithdrawn: z.ZodObject<{}, z.core.$strip>;
export declare const RelationCreationCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
    fromId: z.ZodUUID;
    toId: z.ZodUUID;
    type: z.ZodString;
    properties: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    validFrom: z.ZodOptional<z.ZodString>;
    validTo: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const RelationCreationRequested: z.ZodObject<{
    fromId: z.ZodUUID;
    toId: z.ZodUUID;
    type: z.ZodString;
    properties: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    validFrom: z.ZodOptional<z.ZodString>;
    validTo: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const RelationDeletionCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
}, z.core.$strip>;
export declare const RelationDeletionRequested: z.ZodObject<{}, z.core.$strip>;
export declare const RelationUpdateCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
    fromId: z.ZodUUID;
    toId: z.ZodUUID;
    type: z.ZodString;
    properties: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    validFrom: z.ZodOptional<z.ZodString>;
    validTo: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const RelationUpdateRequested: z.ZodObject<{
    fromId: z.ZodOptional<z.ZodUUID>;
    toId: z.ZodOptional<z.ZodUUID>;
    type: z.ZodOptional<z.ZodString>;
    properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    validFrom: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    validTo: z.ZodOptional<z.ZodNullable<z.ZodString>>;
}, z.core.$strip>;
export declare const RunAct: z.ZodObject<{
    function: z.ZodString;
    runId: z.ZodUUID;
    ofRunId: z.ZodOptional<z.ZodUUID>;
    fromStep: z.ZodOptional<z.ZodString>;
}, z.core.$strip>;
export declare const Signal: z.ZodObject<{
    signal: z.ZodString;
    data: z.ZodAny;
}, z.core.$strip>;
export declare const StoreItemDeleted: z.ZodObject<{
    namespace: z.ZodArray<z.ZodString>;
    key: z.ZodString;
}, z.core.$strip>;
export declare const StoreItemPut: z.ZodObject<{
    namespace: z.ZodArray<z.ZodString>;
    key: z.ZodString;
    value: z.ZodRecord<z.ZodString, z.ZodAny>;
    index: z.ZodOptional<z.ZodArray<z.ZodString>>;
}, z.core.$strip>;
export declare const TaskCompletionCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
    title: z.ZodString;
    description: z.ZodDefault<z.ZodString>;
    dueDate: z.ZodOptional<z.ZodString>;
    priority: z.ZodDefault<z.ZodEnum<{
        normal: "normal";
        high: "high";
        low: "low";
        urgent: "urgent";
    }>>;
    status: z.ZodDefault<z.ZodEnum<{
        open: "open";
        done: "done";
        in_progress: "in_progress";
    }>>;
    projectId: z.ZodOptional<z.ZodUUID>;
}, z.core.$strip>;
export declare const TaskCompletionRequested: z.ZodObject<{}, z.core.$strip>;
export declare const TaskCreationCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
    title: z.ZodString;
    description: z.ZodDefault<z.ZodString>;
    dueDate: z.ZodOptional<z.ZodString>;
    priority: z.ZodDefault<z.ZodEnum<{
        normal: "normal";
        high: "high";
        low: "low";
        urgent: "urgent";
    }>>;
    status: z.ZodDefault<z.ZodEnum<{
        open: "open";
        done: "done";
        in_progress: "in_progress";
    }>>;
    projectId: z.ZodOptional<z.ZodUUID>;
}, z.core.$strip>;
export declare const TaskCreationRequested: z.ZodObject<{
    title: z.ZodString;
    description: z.ZodDefault<z.ZodString>;
    dueDate: z.ZodOptional<z.ZodString>;
    priority: z.ZodDefault<z.ZodEnum<{
        normal: "normal";
        high: "high";
        low: "low";
        urgent: "urgent";
    }>>;
    status: z.ZodDefault<z.ZodEnum<{
        open: "open";
        done: "done";
        in_progress: "in_progress";
    }>>;
    projectId: z.ZodOptional<z.ZodUUID>;
}, z.core.$strip>;
export declare const TaskDeletionCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
}, z.core.$strip>;
export declare const TaskDeletionRequested: z.ZodObject<{}, z.core.$strip>;
export declare const TaskReopeningCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
    title: z.ZodString;
    description: z.ZodDefault<z.ZodString>;
    dueDate: z.ZodOptional<z.ZodString>;
    priority: z.ZodDefault<z.ZodEnum<{
        normal: "normal";
        high: "high";
        low: "low";
        urgent: "urgent";
    }>>;
    status: z.ZodDefault<z.ZodEnum<{
        open: "open";
        done: "done";
        in_progress: "in_progress";
    }>>;
    projectId: z.ZodOptional<z.ZodUUID>;
}, z.core.$strip>;
export declare const TaskReopeningRequested: z.ZodObject<{}, z.core.$strip>;
export declare const TaskUpdateCompleted: z.ZodObject<{
    entityId: z.ZodUUID;
    version: z.ZodInt;
    title: z.ZodString;
    description: z.ZodDefault<z.ZodString>;
    dueDate: z.ZodOptional<z.ZodString>;
    priority: z.ZodDefault<z.ZodEnum<{
        normal: "normal";
        high: "high";
        low: "low";
        urgent: "urgent";
    }>>;
    status: z.ZodDefault<z.ZodEnum<{
        open: "open";
        done: "done";
        in_progress: "in_progress";
    }>>;
    projectId: z.ZodOptional<z.ZodUUID>;
}, z.core.$strip>;
export declare const TaskUpdateRequested: z.ZodObject<{
    title: z.ZodOptional<z.ZodString>;
    description: z.ZodOptional<z.ZodString>;
    dueDate: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    priority: z.ZodOptional<z.ZodEnum<{
        normal: "normal";
        high: "high";
        low: "low";
        urgent: "urgent";
    }>>;
    status: z.ZodOptional<z.ZodEnum<{
        open: "open";
        done: "done";
        in_progress: "in_progress";
    }>>;
    projectId: z.ZodOptional<z.ZodNullable<z.ZodUUID>>;
}, z.core.$strip>;
export declare const UserCreated: z.ZodObject<{
    userId: z.ZodString;
    name: z.ZodString;
    role: z.ZodEnum<{
        owner: "owner";
        member: "member";
    }>;
}, z.core.$strip>;
export declare const WorkerAppRemoved: z.ZodObject<{
    app: z.ZodString;
}, z.core.$strip>;
export declare const WorkerAppSynced: z.ZodObject<{
    app: z.ZodString;
    url: z.ZodString;
    sdk: z.ZodString;
    framework: z.ZodString;
    version: z.ZodString;
    functions: z.ZodArray<z.ZodRecord<z.ZodString, z.ZodAny>>;
    checksum: z.ZodString;
}, z.core.$strip>;
/** The input of each procedure that takes one, by its path. */
export declare const inputSchemas: {
    "agents.disable": z.ZodObject<{
        agent: z.ZodString;
    }, z.core.$strip>;
    "agents.enable": z.ZodObject<{
        agent: z.ZodString;
        schedule: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "agents.fork": z.ZodObject<{
        id: z.ZodUUID;
        checkpoint: z.ZodInt;
        state: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
        path: z.ZodOptional<z.ZodArray<z.ZodString>>;
    }, z.core.$strip>;
    "agents.get": z.ZodObject<{
        id: z.ZodUUID;
    }, z.core.$strip>;
    "agents.resume": z.ZodObject<{
        id: z.ZodUUID;
        questionId: z.ZodOptional<z.ZodString>;
        answer: z.ZodAny;
    }, z.core.$strip>;
    "agents.runs": z.ZodOptional<z.ZodObject<{
        limit: z.ZodDefault<z.ZodInt>;
        before: z.ZodOptional<z.ZodInt>;
        agent: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
    "agents.start": z.ZodObject<{
        agent: z.ZodString;
        input: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "agents.watch": z.ZodObject<{
        id: z.ZodUUID;
        lastEventId: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    }, z.core.$strip>;
    "apps.remove": z.ZodObject<{
        url: z.ZodString;
    }, z.core.$strip>;
    "apps.sync": z.ZodObject<{
        url: z.ZodString;
    }, z.core.$strip>;
    "capture.thought": z.ZodObject<{
        text: z.ZodString;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "chat.delete": z.ZodObject<{
        id: z.ZodUUID;
    }, z.core.$strip>;
    "chat.executeAction": z.ZodObject<{
        threadId: z.ZodUUID;
        messageId: z.ZodUUID;
        actionType: z.ZodEnum<{
            "note.create": "note.create";
            "task.create": "task.create";
            "task.complete": "task.complete";
            "project.create": "project.create";
            "search.semantic": "search.semantic";
        }>;
        actionParams: z.ZodRecord<z.ZodString, z.ZodAny>;
    }, z.core.$strip>;
    "chat.get": z.ZodObject<{
        id: z.ZodUUID;
        limit: z.ZodDefault<z.ZodInt>;
        before: z.ZodOptional<z.ZodInt>;
        through: z.ZodOptional<z.ZodUUID>;
    }, z.core.$strip>;
    "chat.rename": z.ZodObject<{
        id: z.ZodUUID;
        title: z.ZodString;
    }, z.core.$strip>;
    "chat.send": z.ZodOptional<z.ZodObject<{
        threadId: z.ZodOptional<z.ZodUUID>;
        text: z.ZodOptional<z.ZodString>;
        parentId: z.ZodOptional<z.ZodUUID>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
    "chat.threads": z.ZodOptional<z.ZodObject<{
        limit: z.ZodDefault<z.ZodInt>;
        before: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>>;
    "chat.trust": z.ZodObject<{
        id: z.ZodUUID;
        trusted: z.ZodBoolean;
    }, z.core.$strip>;
    "checkpoints.copyThread": z.ZodObject<{
        sourceThreadId: z.ZodString;
        targetThreadId: z.ZodString;
    }, z.core.$strip>;
    "checkpoints.deleteRuns": z.ZodObject<{
        runIds: z.ZodArray<z.ZodString>;
    }, z.core.$strip>;
    "checkpoints.deleteThread": z.ZodObject<{
        threadId: z.ZodString;
    }, z.core.$strip>;
    "checkpoints.get": z.ZodObject<{
        threadId: z.ZodString;
        checkpointNs: z.ZodDefault<z.ZodString>;
        checkpointId: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "checkpoints.list": z.ZodOptional<z.ZodObject<{
        threadId: z.ZodOptional<z.ZodString>;
        checkpointNs: z.ZodOptional<z.ZodString>;
        checkpointId: z.ZodOptional<z.ZodString>;
        before: z.ZodOptional<z.ZodString>;
        filter: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
    "checkpoints.prune": z.ZodObject<{
        threadIds: z.ZodArray<z.ZodString>;
        strategy: z.ZodDefault<z.ZodEnum<{
            keep_latest: "keep_latest";
            delete: "delete";
        }>>;
    }, z.core.$strip>;
    "checkpoints.put": z.ZodObject<{
        threadId: z.ZodString;
        checkpointNs: z.ZodDefault<z.ZodString>;
        checkpointId: z.ZodString;
        parentCheckpointId: z.ZodOptional<z.ZodString>;
        runId: z.ZodOptional<z.ZodString>;
        checkpoint: z.ZodObject<{
            type: z.ZodString;
            bytes: z.ZodString;
        }, z.core.$strip>;
        metadata: z.ZodObject<{
            type: z.ZodString;
            bytes: z.ZodString;
        }, z.core.$strip>;
        labels: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        versions: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodString>>;
        values: z.ZodDefault<z.ZodArray<z.ZodObject<{
            channel: z.ZodString;
            version: z.ZodString;
            type: z.ZodString;
            bytes: z.ZodString;
        }, z.core.$strip>>>;
        deltaChannels: z.ZodDefault<z.ZodArray<z.ZodString>>;
    }, z.core.$strip>;
    "checkpoints.putWrites": z.ZodObject<{
        threadId: z.ZodString;
        checkpointNs: z.ZodDefault<z.ZodString>;
        checkpointId: z.ZodString;
        taskId: z.ZodString;
        taskPath: z.ZodDefault<z.ZodString>;
        writes: z.ZodArray<z.ZodObject<{
            index: z.ZodInt;
            channel: z.ZodString;
            type: z.ZodString;
            bytes: z.ZodString;
        }, z.core.$strip>>;
    }, z.core.$strip>;
    "deadLetters.discard": z.ZodOptional<z.ZodObject<{
        id: z.ZodOptional<z.ZodUUID>;
        function: z.ZodOptional<z.ZodString>;
        name: z.ZodOptional<z.ZodString>;
        message: z.ZodOptional<z.ZodString>;
        from: z.ZodOptional<z.ZodISODateTime>;
        to: z.ZodOptional<z.ZodISODateTime>;
        all: z.ZodOptional<z.ZodBoolean>;
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodNullable<z.ZodUUID>>;
    }, z.core.$strip>>;
    "deadLetters.groups": z.ZodOptional<z.ZodObject<{
        function: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
    "deadLetters.replay": z.ZodOptional<z.ZodObject<{
        id: z.ZodOptional<z.ZodUUID>;
        function: z.ZodOptional<z.ZodString>;
        name: z.ZodOptional<z.ZodString>;
        message: z.ZodOptional<z.ZodString>;
        from: z.ZodOptional<z.ZodISODateTime>;
        to: z.ZodOptional<z.ZodISODateTime>;
        all: z.ZodOptional<z.ZodBoolean>;
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodNullable<z.ZodUUID>>;
        data: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    }, z.core.$strip>>;
    "entities.create": z.ZodObject<{
        type: z.ZodString;
        data: z.ZodRecord<z.ZodString, z.ZodAny>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "entities.delete": z.ZodObject<{
        id: z.ZodUUID;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "entities.get": z.ZodObject<{
        id: z.ZodUUID;
        version: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "entities.history": z.ZodObject<{
        id: z.ZodUUID;
        limit: z.ZodDefault<z.ZodInt>;
        before: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "entities.list": z.ZodOptional<z.ZodObject<{
        type: z.ZodOptional<z.ZodString>;
        filter: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        sort: z.ZodDefault<z.ZodString>;
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    }, z.core.$strip>>;
    "entities.restore": z.ZodObject<{
        id: z.ZodUUID;
        version: z.ZodInt;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "entities.update": z.ZodObject<{
        id: z.ZodUUID;
        data: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "entityTypes.define": z.ZodObject<{
        name: z.ZodString;
        schema: z.ZodRecord<z.ZodString, z.ZodAny>;
        filters: z.ZodDefault<z.ZodArray<z.ZodString>>;
        sorts: z.ZodDefault<z.ZodArray<z.ZodString>>;
        lists: z.ZodDefault<z.ZodArray<z.ZodObject<{
            filter: z.ZodString;
            sort: z.ZodString;
        }, z.core.$strip>>>;
        title: z.ZodOptional<z.ZodString>;
        icon: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "entityTypes.get": z.ZodObject<{
        name: z.ZodString;
        version: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "entityTypes.remove": z.ZodObject<{
        name: z.ZodString;
    }, z.core.$strip>;
    "eventTypes.get": z.ZodObject<{
        name: z.ZodString;
        version: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "eventTypes.register": z.ZodObject<{
        name: z.ZodString;
        schema: z.ZodRecord<z.ZodString, z.ZodAny>;
    }, z.core.$strip>;
    "events.get": z.ZodObject<{
        id: z.ZodUUID;
    }, z.core.$strip>;
    "events.list": z.ZodOptional<z.ZodObject<{
        after: z.ZodDefault<z.ZodInt>;
        before: z.ZodOptional<z.ZodInt>;
        order: z.ZodDefault<z.ZodEnum<{
            desc: "desc";
            asc: "asc";
        }>>;
        limit: z.ZodDefault<z.ZodInt>;
        types: z.ZodOptional<z.ZodArray<z.ZodString>>;
        aggregateId: z.ZodOptional<z.ZodUUID>;
        correlationId: z.ZodOptional<z.ZodUUID>;
        requestId: z.ZodOptional<z.ZodUUID>;
        userId: z.ZodOptional<z.ZodString>;
        source: z.ZodOptional<z.ZodEnum<{
            sync: "sync";
            api: "api";
            agent: "agent";
            automation: "automation";
            migration: "migration";
            system: "system";
            intelligence: "intelligence";
        }>>;
        actor: z.ZodOptional<z.ZodString>;
        from: z.ZodOptional<z.ZodISODateTime>;
        to: z.ZodOptional<z.ZodISODateTime>;
    }, z.core.$strip>>;
    "events.publish": z.ZodObject<{
        type: z.ZodString;
        data: z.ZodRecord<z.ZodString, z.ZodAny>;
        aggregateId: z.ZodOptional<z.ZodUUID>;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "events.readStream": z.ZodObject<{
        aggregateId: z.ZodUUID;
        fromVersion: z.ZodDefault<z.ZodInt>;
        limit: z.ZodDefault<z.ZodInt>;
    }, z.core.$strip>;
    "events.watch": z.ZodOptional<z.ZodObject<{
        types: z.ZodOptional<z.ZodArray<z.ZodString>>;
        aggregateId: z.ZodOptional<z.ZodUUID>;
        correlationId: z.ZodOptional<z.ZodUUID>;
        requestId: z.ZodOptional<z.ZodUUID>;
        userId: z.ZodOptional<z.ZodString>;
        source: z.ZodOptional<z.ZodEnum<{
            sync: "sync";
            api: "api";
            agent: "agent";
            automation: "automation";
            migration: "migration";
            system: "system";
            intelligence: "intelligence";
        }>>;
        actor: z.ZodOptional<z.ZodString>;
        lastEventId: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    }, z.core.$strip>>;
    "events.why": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "functions.cancelReplay": z.ZodObject<{
        id: z.ZodUUID;
    }, z.core.$strip>;
    "functions.get": z.ZodObject<{
        id: z.ZodString;
    }, z.core.$strip>;
    "functions.invoke": z.ZodObject<{
        id: z.ZodString;
        data: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
    }, z.core.$strip>;
    "functions.list": z.ZodOptional<z.ZodObject<{
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        app: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
    "functions.pause": z.ZodObject<{
        id: z.ZodString;
    }, z.core.$strip>;
    "functions.replay": z.ZodObject<{
        id: z.ZodString;
        fromPosition: z.ZodOptional<z.ZodInt>;
        toPosition: z.ZodOptional<z.ZodInt>;
        from: z.ZodOptional<z.ZodISODateTime>;
        to: z.ZodOptional<z.ZodISODateTime>;
        filter: z.ZodOptional<z.ZodString>;
        repeats: z.ZodDefault<z.ZodBoolean>;
    }, z.core.$strip>;
    "functions.replays": z.ZodOptional<z.ZodObject<{
        function: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
    "functions.resume": z.ZodObject<{
        id: z.ZodString;
    }, z.core.$strip>;
    "graphThreads.copy": z.ZodObject<{
        sourceThreadId: z.ZodString;
        targetThreadId: z.ZodString;
    }, z.core.$strip>;
    "graphThreads.count": z.ZodOptional<z.ZodObject<{
        ids: z.ZodOptional<z.ZodArray<z.ZodString>>;
        metadata: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        values: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        status: z.ZodOptional<z.ZodEnum<{
            error: "error";
            interrupted: "interrupted";
            idle: "idle";
            busy: "busy";
        }>>;
    }, z.core.$strip>>;
    "graphThreads.create": z.ZodObject<{
        threadId: z.ZodString;
        metadata: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        ifExists: z.ZodDefault<z.ZodEnum<{
            raise: "raise";
            do_nothing: "do_nothing";
        }>>;
    }, z.core.$strip>;
    "graphThreads.get": z.ZodObject<{
        threadId: z.ZodString;
    }, z.core.$strip>;
    "graphThreads.history": z.ZodObject<{
        threadId: z.ZodString;
        checkpointNs: z.ZodDefault<z.ZodString>;
        before: z.ZodOptional<z.ZodString>;
        metadata: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        limit: z.ZodDefault<z.ZodInt>;
    }, z.core.$strip>;
    "graphThreads.search": z.ZodOptional<z.ZodObject<{
        ids: z.ZodOptional<z.ZodArray<z.ZodString>>;
        metadata: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        values: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        status: z.ZodOptional<z.ZodEnum<{
            error: "error";
            interrupted: "interrupted";
            idle: "idle";
            busy: "busy";
        }>>;
        limit: z.ZodDefault<z.ZodInt>;
        offset: z.ZodDefault<z.ZodInt>;
        sortBy: z.ZodDefault<z.ZodEnum<{
            status: "status";
            threadId: "threadId";
            createdAt: "createdAt";
            updatedAt: "updatedAt";
            stateUpdatedAt: "stateUpdatedAt";
        }>>;
        sortOrder: z.ZodDefault<z.ZodEnum<{
            desc: "desc";
            asc: "asc";
        }>>;
        withValues: z.ZodDefault<z.ZodBoolean>;
    }, z.core.$strip>>;
    "graphThreads.state": z.ZodObject<{
        threadId: z.ZodString;
        checkpointNs: z.ZodDefault<z.ZodString>;
        checkpointId: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "graphThreads.update": z.ZodObject<{
        threadId: z.ZodString;
        metadata: z.ZodRecord<z.ZodString, z.ZodAny>;
    }, z.core.$strip>;
    "keys.create": z.ZodObject<{
        name: z.ZodString;
        scopes: z.ZodOptional<z.ZodArray<z.ZodString>>;
        expiresAt: z.ZodOptional<z.ZodISODateTime>;
        expiresInDays: z.ZodOptional<z.ZodInt>;
        userId: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "keys.list": z.ZodOptional<z.ZodObject<{
        userId: z.ZodOptional<z.ZodString>;
        kind: z.ZodDefault<z.ZodEnum<{
            key: "key";
            session: "session";
        }>>;
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodNullable<z.ZodUUID>>;
    }, z.core.$strip>>;
    "keys.revoke": z.ZodObject<{
        keyId: z.ZodUUID;
        userId: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "log.verify": z.ZodOptional<z.ZodObject<{
        after: z.ZodDefault<z.ZodInt>;
        limit: z.ZodDefault<z.ZodInt>;
    }, z.core.$strip>>;
    "markdown.render": z.ZodObject<{
        text: z.ZodString;
    }, z.core.$strip>;
    "models.generate": z.ZodObject<{
        messages: z.ZodArray<z.ZodObject<{
            role: z.ZodEnum<{
                user: "user";
                system: "system";
                assistant: "assistant";
                tool: "tool";
            }>;
            text: z.ZodOptional<z.ZodString>;
            parts: z.ZodDefault<z.ZodArray<z.ZodDiscriminatedUnion<[z.ZodObject<{
                type: z.ZodLiteral<"text">;
                text: z.ZodString;
            }, z.core.$strip>, z.ZodObject<{
                type: z.ZodLiteral<"image">;
                mediaType: z.ZodOptional<z.ZodEnum<{
                    "image/png": "image/png";
                    "image/jpeg": "image/jpeg";
                    "image/gif": "image/gif";
                    "image/webp": "image/webp";
                }>>;
                data: z.ZodOptional<z.ZodString>;
                url: z.ZodOptional<z.ZodString>;
            }, z.core.$strip>], "type">>>;
            toolCalls: z.ZodDefault<z.ZodArray<z.ZodObject<{
                id: z.ZodString;
                name: z.ZodString;
                arguments: z.ZodDefault<z.ZodString>;
                input: z.ZodOptional<z.ZodAny>;
                error: z.ZodOptional<z.ZodString>;
            }, z.core.$strip>>>;
            toolCallId: z.ZodOptional<z.ZodString>;
            cache: z.ZodDefault<z.ZodBoolean>;
        }, z.core.$strip>>;
        tools: z.ZodDefault<z.ZodArray<z.ZodObject<{
            name: z.ZodString;
            description: z.ZodDefault<z.ZodString>;
            parameters: z.ZodRecord<z.ZodString, z.ZodAny>;
        }, z.core.$strip>>>;
        toolChoice: z.ZodOptional<z.ZodString>;
        outputSchema: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        tokensMax: z.ZodOptional<z.ZodInt>;
        temperature: z.ZodOptional<z.ZodNumber>;
        stop: z.ZodDefault<z.ZodArray<z.ZodString>>;
    }, z.core.$strip>;
    "models.stream": z.ZodObject<{
        messages: z.ZodArray<z.ZodObject<{
            role: z.ZodEnum<{
                user: "user";
                system: "system";
                assistant: "assistant";
                tool: "tool";
            }>;
            text: z.ZodOptional<z.ZodString>;
            parts: z.ZodDefault<z.ZodArray<z.ZodDiscriminatedUnion<[z.ZodObject<{
                type: z.ZodLiteral<"text">;
                text: z.ZodString;
            }, z.core.$strip>, z.ZodObject<{
                type: z.ZodLiteral<"image">;
                mediaType: z.ZodOptional<z.ZodEnum<{
                    "image/png": "image/png";
                    "image/jpeg": "image/jpeg";
                    "image/gif": "image/gif";
                    "image/webp": "image/webp";
                }>>;
                data: z.ZodOptional<z.ZodString>;
                url: z.ZodOptional<z.ZodString>;
            }, z.core.$strip>], "type">>>;
            toolCalls: z.ZodDefault<z.ZodArray<z.ZodObject<{
                id: z.ZodString;
                name: z.ZodString;
                arguments: z.ZodDefault<z.ZodString>;
                input: z.ZodOptional<z.ZodAny>;
                error: z.ZodOptional<z.ZodString>;
            }, z.core.$strip>>>;
            toolCallId: z.ZodOptional<z.ZodString>;
            cache: z.ZodDefault<z.ZodBoolean>;
        }, z.core.$strip>>;
        tools: z.ZodDefault<z.ZodArray<z.ZodObject<{
            name: z.ZodString;
            description: z.ZodDefault<z.ZodString>;
            parameters: z.ZodRecord<z.ZodString, z.ZodAny>;
        }, z.core.$strip>>>;
        toolChoice: z.ZodOptional<z.ZodString>;
        outputSchema: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        tokensMax: z.ZodOptional<z.ZodInt>;
        temperature: z.ZodOptional<z.ZodNumber>;
        stop: z.ZodDefault<z.ZodArray<z.ZodString>>;
        lastEventId: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    }, z.core.$strip>;
    "models.usage": z.ZodOptional<z.ZodObject<{
        days: z.ZodDefault<z.ZodInt>;
    }, z.core.$strip>>;
    "notes.backlinks": z.ZodObject<{
        id: z.ZodUUID;
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodUUID>;
    }, z.core.$strip>;
    "notes.create": z.ZodObject<{
        content: z.ZodString;
        title: z.ZodOptional<z.ZodString>;
        tags: z.ZodOptional<z.ZodArray<z.ZodString>>;
        properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        origin: z.ZodOptional<z.ZodObject<{
            path: z.ZodString;
            checksum: z.ZodString;
        }, z.core.$strip>>;
        createdAt: z.ZodOptional<z.ZodISODateTime>;
        updatedAt: z.ZodOptional<z.ZodISODateTime>;
        batch: z.ZodOptional<z.ZodString>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "notes.createUploaded": z.ZodObject<{
        upload: z.ZodObject<{
            id: z.ZodUUID;
            size: z.ZodInt;
            checksum: z.ZodString;
        }, z.core.$strip>;
        title: z.ZodOptional<z.ZodString>;
        tags: z.ZodOptional<z.ZodArray<z.ZodString>>;
        properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        origin: z.ZodOptional<z.ZodObject<{
            path: z.ZodString;
            checksum: z.ZodString;
        }, z.core.$strip>>;
        createdAt: z.ZodOptional<z.ZodISODateTime>;
        updatedAt: z.ZodOptional<z.ZodISODateTime>;
        batch: z.ZodOptional<z.ZodString>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "notes.delete": z.ZodObject<{
        id: z.ZodUUID;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "notes.findOrigins": z.ZodOptional<z.ZodObject<{
        paths: z.ZodDefault<z.ZodArray<z.ZodString>>;
        checksums: z.ZodDefault<z.ZodArray<z.ZodString>>;
        ids: z.ZodDefault<z.ZodArray<z.ZodUUID>>;
    }, z.core.$strip>>;
    "notes.get": z.ZodObject<{
        id: z.ZodUUID;
        version: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "notes.getById": z.ZodObject<{
        id: z.ZodUUID;
        version: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "notes.history": z.ZodObject<{
        id: z.ZodUUID;
        limit: z.ZodDefault<z.ZodInt>;
        before: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "notes.list": z.ZodOptional<z.ZodObject<{
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        sort: z.ZodDefault<z.ZodEnum<{
            createdAt: "createdAt";
            "-createdAt": "-createdAt";
        }>>;
        tag: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
    "notes.restore": z.ZodObject<{
        id: z.ZodUUID;
        version: z.ZodInt;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "notes.update": z.ZodObject<{
        id: z.ZodUUID;
        content: z.ZodOptional<z.ZodString>;
        title: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        tags: z.ZodOptional<z.ZodArray<z.ZodString>>;
        ownTags: z.ZodOptional<z.ZodArray<z.ZodString>>;
        properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        origin: z.ZodOptional<z.ZodNullable<z.ZodObject<{
            path: z.ZodString;
            checksum: z.ZodString;
        }, z.core.$strip>>>;
        createdAt: z.ZodOptional<z.ZodISODateTime>;
        updatedAt: z.ZodOptional<z.ZodISODateTime>;
        batch: z.ZodOptional<z.ZodString>;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "notes.upload": z.ZodOptional<z.ZodObject<{}, z.core.$strip>>;
    "notes.url": z.ZodObject<{
        id: z.ZodUUID;
        version: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "pod.logs": z.ZodOptional<z.ZodObject<{
        level: z.ZodDefault<z.ZodEnum<{
            error: "error";
            warn: "warn";
            info: "info";
            debug: "debug";
        }>>;
        since: z.ZodOptional<z.ZodISODateTime>;
        limit: z.ZodDefault<z.ZodInt>;
    }, z.core.$strip>>;
    "pod.samples": z.ZodOptional<z.ZodObject<{
        seconds: z.ZodDefault<z.ZodInt>;
    }, z.core.$strip>>;
    "pod.watchLogs": z.ZodOptional<z.ZodObject<{
        level: z.ZodDefault<z.ZodEnum<{
            error: "error";
            warn: "warn";
            info: "info";
            debug: "debug";
        }>>;
        since: z.ZodOptional<z.ZodISODateTime>;
        lastEventId: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    }, z.core.$strip>>;
    "projections.rebuild": z.ZodObject<{
        name: z.ZodString;
    }, z.core.$strip>;
    "projections.verify": z.ZodObject<{
        name: z.ZodString;
    }, z.core.$strip>;
    "projects.complete": z.ZodObject<{
        id: z.ZodUUID;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "projects.create": z.ZodObject<{
        title: z.ZodString;
        description: z.ZodDefault<z.ZodString>;
        startDate: z.ZodOptional<z.ZodString>;
        endDate: z.ZodOptional<z.ZodString>;
        status: z.ZodDefault<z.ZodEnum<{
            active: "active";
            completed: "completed";
            paused: "paused";
        }>>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "projects.delete": z.ZodObject<{
        id: z.ZodUUID;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "projects.get": z.ZodObject<{
        id: z.ZodUUID;
        version: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "projects.history": z.ZodObject<{
        id: z.ZodUUID;
        limit: z.ZodDefault<z.ZodInt>;
        before: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "projects.list": z.ZodOptional<z.ZodObject<{
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        sort: z.ZodDefault<z.ZodEnum<{
            title: "title";
            status: "status";
            createdAt: "createdAt";
            "-createdAt": "-createdAt";
            "-status": "-status";
            startDate: "startDate";
            "-startDate": "-startDate";
            endDate: "endDate";
            "-endDate": "-endDate";
            "-title": "-title";
        }>>;
        status: z.ZodOptional<z.ZodEnum<{
            active: "active";
            completed: "completed";
            paused: "paused";
        }>>;
        startDate: z.ZodOptional<z.ZodString>;
        startDateFrom: z.ZodOptional<z.ZodString>;
        startDateTo: z.ZodOptional<z.ZodString>;
        endDate: z.ZodOptional<z.ZodString>;
        endDateFrom: z.ZodOptional<z.ZodString>;
        endDateTo: z.ZodOptional<z.ZodString>;
        title: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
    "projects.reopen": z.ZodObject<{
        id: z.ZodUUID;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "projects.restore": z.ZodObject<{
        id: z.ZodUUID;
        version: z.ZodInt;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "projects.update": z.ZodObject<{
        id: z.ZodUUID;
        title: z.ZodOptional<z.ZodString>;
        description: z.ZodOptional<z.ZodString>;
        startDate: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        endDate: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        status: z.ZodOptional<z.ZodEnum<{
            active: "active";
            completed: "completed";
            paused: "paused";
        }>>;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "proposals.accept": z.ZodObject<{
        id: z.ZodUUID;
        input: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "proposals.create": z.ZodObject<{
        procedure: z.ZodString;
        input: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        reason: z.ZodOptional<z.ZodString>;
        expiresAt: z.ZodOptional<z.ZodISODateTime>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "proposals.get": z.ZodObject<{
        id: z.ZodUUID;
    }, z.core.$strip>;
    "proposals.list": z.ZodOptional<z.ZodObject<{
        status: z.ZodOptional<z.ZodEnum<{
            failed: "failed";
            open: "open";
            expired: "expired";
            rejected: "rejected";
            accepting: "accepting";
            accepted: "accepted";
            withdrawn: "withdrawn";
        }>>;
        cursor: z.ZodOptional<z.ZodString>;
        limit: z.ZodDefault<z.ZodInt>;
    }, z.core.$strip>>;
    "proposals.reject": z.ZodObject<{
        id: z.ZodUUID;
        reason: z.ZodOptional<z.ZodString>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "proposals.withdraw": z.ZodObject<{
        id: z.ZodUUID;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "relations.create": z.ZodObject<{
        fromId: z.ZodUUID;
        toId: z.ZodUUID;
        type: z.ZodString;
        properties: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        validFrom: z.ZodOptional<z.ZodString>;
        validTo: z.ZodOptional<z.ZodString>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "relations.delete": z.ZodObject<{
        id: z.ZodUUID;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "relations.get": z.ZodObject<{
        id: z.ZodUUID;
        version: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "relations.history": z.ZodObject<{
        id: z.ZodUUID;
        limit: z.ZodDefault<z.ZodInt>;
        before: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "relations.list": z.ZodOptional<z.ZodObject<{
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        sort: z.ZodDefault<z.ZodEnum<{
            type: "type";
            createdAt: "createdAt";
            "-createdAt": "-createdAt";
            fromId: "fromId";
            "-fromId": "-fromId";
            toId: "toId";
            "-toId": "-toId";
            "-type": "-type";
        }>>;
        fromId: z.ZodOptional<z.ZodUUID>;
        toId: z.ZodOptional<z.ZodUUID>;
        type: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
    "relations.neighbours": z.ZodObject<{
        id: z.ZodUUID;
        depth: z.ZodDefault<z.ZodInt>;
        limit: z.ZodDefault<z.ZodInt>;
        direction: z.ZodDefault<z.ZodEnum<{
            both: "both";
            out: "out";
            in: "in";
        }>>;
        types: z.ZodDefault<z.ZodArray<z.ZodString>>;
        at: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "relations.restore": z.ZodObject<{
        id: z.ZodUUID;
        version: z.ZodInt;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "relations.update": z.ZodObject<{
        id: z.ZodUUID;
        type: z.ZodOptional<z.ZodString>;
        properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        validFrom: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        validTo: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "requests.get": z.ZodObject<{
        requestId: z.ZodUUID;
    }, z.core.$strip>;
    "runs.cancel": z.ZodObject<{
        id: z.ZodUUID;
    }, z.core.$strip>;
    "runs.get": z.ZodObject<{
        id: z.ZodUUID;
    }, z.core.$strip>;
    "runs.list": z.ZodOptional<z.ZodObject<{
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodNullable<z.ZodUUID>>;
        status: z.ZodOptional<z.ZodEnum<{
            failed: "failed";
            active: "active";
            completed: "completed";
            sleeping: "sleeping";
            cancelled: "cancelled";
            discarded: "discarded";
        }>>;
        function: z.ZodOptional<z.ZodString>;
        eventId: z.ZodOptional<z.ZodUUID>;
        correlationId: z.ZodOptional<z.ZodUUID>;
        eventType: z.ZodOptional<z.ZodString>;
        from: z.ZodOptional<z.ZodISODateTime>;
        to: z.ZodOptional<z.ZodISODateTime>;
        text: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
    "runs.rerun": z.ZodObject<{
        id: z.ZodUUID;
        fromStep: z.ZodOptional<z.ZodString>;
        input: z.ZodOptional<z.ZodAny>;
    }, z.core.$strip>;
    "runs.result": z.ZodObject<{
        id: z.ZodUUID;
        step: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "runs.retry": z.ZodObject<{
        id: z.ZodUUID;
    }, z.core.$strip>;
    "search.query": z.ZodObject<{
        q: z.ZodString;
        mode: z.ZodOptional<z.ZodEnum<{
            hybrid: "hybrid";
            text: "text";
            semantic: "semantic";
        }>>;
        types: z.ZodDefault<z.ZodArray<z.ZodString>>;
        tags: z.ZodDefault<z.ZodArray<z.ZodString>>;
        filters: z.ZodOptional<z.ZodObject<{
            project: z.ZodOptional<z.ZodUUID>;
            status: z.ZodOptional<z.ZodString>;
            from: z.ZodOptional<z.ZodString>;
            to: z.ZodOptional<z.ZodString>;
        }, z.core.$strip>>;
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "search.similar": z.ZodObject<{
        entityId: z.ZodUUID;
        types: z.ZodDefault<z.ZodArray<z.ZodString>>;
        limit: z.ZodDefault<z.ZodInt>;
    }, z.core.$strip>;
    "search.suggest": z.ZodObject<{
        prefix: z.ZodString;
        limit: z.ZodDefault<z.ZodInt>;
    }, z.core.$strip>;
    "signals.send": z.ZodObject<{
        signal: z.ZodString;
        data: z.ZodDefault<z.ZodAny>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "store.delete": z.ZodObject<{
        namespace: z.ZodArray<z.ZodString>;
        key: z.ZodString;
        expectedVersion: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "store.get": z.ZodObject<{
        namespace: z.ZodArray<z.ZodString>;
        key: z.ZodString;
    }, z.core.$strip>;
    "store.namespaces": z.ZodOptional<z.ZodObject<{
        prefix: z.ZodOptional<z.ZodArray<z.ZodString>>;
        suffix: z.ZodOptional<z.ZodArray<z.ZodString>>;
        maxDepth: z.ZodOptional<z.ZodInt>;
        limit: z.ZodDefault<z.ZodInt>;
        offset: z.ZodDefault<z.ZodInt>;
    }, z.core.$strip>>;
    "store.put": z.ZodObject<{
        namespace: z.ZodArray<z.ZodString>;
        key: z.ZodString;
        value: z.ZodRecord<z.ZodString, z.ZodAny>;
        index: z.ZodOptional<z.ZodArray<z.ZodString>>;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "store.search": z.ZodOptional<z.ZodObject<{
        namespacePrefix: z.ZodDefault<z.ZodArray<z.ZodString>>;
        filter: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        query: z.ZodOptional<z.ZodString>;
        limit: z.ZodDefault<z.ZodInt>;
        offset: z.ZodDefault<z.ZodInt>;
    }, z.core.$strip>>;
    "tags.colour": z.ZodObject<{
        tag: z.ZodString;
        colour: z.ZodNullable<z.ZodEnum<{
            red: "red";
            orange: "orange";
            yellow: "yellow";
            green: "green";
            teal: "teal";
            blue: "blue";
            purple: "purple";
            pink: "pink";
            brown: "brown";
            grey: "grey";
        }>>;
    }, z.core.$strip>;
    "tags.list": z.ZodOptional<z.ZodObject<{
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    }, z.core.$strip>>;
    "tags.remove": z.ZodObject<{
        tag: z.ZodString;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "tags.rename": z.ZodObject<{
        tag: z.ZodString;
        to: z.ZodString;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "tasks.complete": z.ZodObject<{
        id: z.ZodUUID;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "tasks.create": z.ZodObject<{
        title: z.ZodString;
        description: z.ZodDefault<z.ZodString>;
        dueDate: z.ZodOptional<z.ZodString>;
        priority: z.ZodDefault<z.ZodEnum<{
            normal: "normal";
            high: "high";
            low: "low";
            urgent: "urgent";
        }>>;
        status: z.ZodDefault<z.ZodEnum<{
            open: "open";
            done: "done";
            in_progress: "in_progress";
        }>>;
        projectId: z.ZodOptional<z.ZodUUID>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "tasks.delete": z.ZodObject<{
        id: z.ZodUUID;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "tasks.get": z.ZodObject<{
        id: z.ZodUUID;
        version: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "tasks.history": z.ZodObject<{
        id: z.ZodUUID;
        limit: z.ZodDefault<z.ZodInt>;
        before: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "tasks.list": z.ZodOptional<z.ZodObject<{
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        sort: z.ZodDefault<z.ZodEnum<{
            priority: "priority";
            status: "status";
            createdAt: "createdAt";
            "-createdAt": "-createdAt";
            "-status": "-status";
            dueDate: "dueDate";
            "-dueDate": "-dueDate";
            "-priority": "-priority";
            projectId: "projectId";
            "-projectId": "-projectId";
        }>>;
        status: z.ZodOptional<z.ZodEnum<{
            open: "open";
            done: "done";
            in_progress: "in_progress";
        }>>;
        dueDate: z.ZodOptional<z.ZodString>;
        dueDateFrom: z.ZodOptional<z.ZodString>;
        dueDateTo: z.ZodOptional<z.ZodString>;
        priority: z.ZodOptional<z.ZodEnum<{
            normal: "normal";
            high: "high";
            low: "low";
            urgent: "urgent";
        }>>;
        projectId: z.ZodOptional<z.ZodUUID>;
    }, z.core.$strip>>;
    "tasks.reopen": z.ZodObject<{
        id: z.ZodUUID;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "tasks.restore": z.ZodObject<{
        id: z.ZodUUID;
        version: z.ZodInt;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "tasks.update": z.ZodObject<{
        id: z.ZodUUID;
        title: z.ZodOptional<z.ZodString>;
        description: z.ZodOptional<z.ZodString>;
        dueDate: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        priority: z.ZodOptional<z.ZodEnum<{
            normal: "normal";
            high: "high";
            low: "low";
            urgent: "urgent";
        }>>;
        status: z.ZodOptional<z.ZodEnum<{
            open: "open";
            done: "done";
            in_progress: "in_progress";
        }>>;
        projectId: z.ZodOptional<z.ZodNullable<z.ZodUUID>>;
        expectedVersion: z.ZodOptional<z.ZodInt>;
        idempotencyKey: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "users.create": z.ZodObject<{
        name: z.ZodString;
        role: z.ZodDefault<z.ZodEnum<{
            owner: "owner";
            member: "member";
        }>>;
    }, z.core.$strip>;
    "users.list": z.ZodOptional<z.ZodObject<{
        limit: z.ZodDefault<z.ZodInt>;
        cursor: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    }, z.core.$strip>>;
};
/** An event as the pod tells it; its data are any object. */
export declare const synapEventSchema: z.ZodObject<{
    id: z.ZodUUID;
    version: z.ZodLiteral<"v1">;
    type: z.ZodString;
    aggregateId: z.ZodOptional<z.ZodUUID>;
    aggregateType: z.ZodOptional<z.ZodString>;
    dataVersion: z.ZodInt;
    data: z.ZodRecord<z.ZodString, z.ZodAny>;
    erased: z.ZodOptional<z.ZodBoolean>;
    damaged: z.ZodOptional<z.ZodBoolean>;
    metadata: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    userId: z.ZodString;
    source: z.ZodEnum<{
        sync: "sync";
        api: "api";
        agent: "agent";
        automation: "automation";
        migration: "migration";
        system: "system";
        intelligence: "intelligence";
    }>;
    actor: z.ZodOptional<z.ZodObject<{
        key: z.ZodOptional<z.ZodString>;
        run: z.ZodOptional<z.ZodString>;
        agent: z.ZodOptional<z.ZodString>;
        onBehalfOf: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>>;
    timestamp: z.ZodISODateTime;
    correlationId: z.ZodOptional<z.ZodUUID>;
    causationId: z.ZodOptional<z.ZodUUID>;
    requestId: z.ZodOptional<z.ZodUUID>;
    position: z.ZodInt;
    aggregateVersion: z.ZodOptional<z.ZodInt>;
}, z.core.$strip>;
/** What an event says, by its type, in the newest version of its data. Those that users register are not among them. */
export declare const eventSchemas: {
    "agent.run.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        agent: z.ZodString;
        output: z.ZodAny;
        rounds: z.ZodInt;
        spent: z.ZodObject<{
            modelCalls: z.ZodInt;
            toolCalls: z.ZodInt;
            tokens: z.ZodInt;
            cost: z.ZodNumber;
        }, z.core.$strip>;
    }, z.core.$strip>;
    "agent.run.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "agent.run.interrupted": z.ZodObject<{
        entityId: z.ZodUUID;
        question: z.ZodAny;
        questionId: z.ZodString;
    }, z.core.$strip>;
    "agent.run.requested": z.ZodObject<{
        entityId: z.ZodUUID;
        agent: z.ZodString;
        input: z.ZodAny;
        scopes: z.ZodArray<z.ZodString>;
        fork: z.ZodOptional<z.ZodObject<{
            id: z.ZodUUID;
            checkpoint: z.ZodInt;
            edits: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
            path: z.ZodDefault<z.ZodArray<z.ZodString>>;
        }, z.core.$strip>>;
        tainted: z.ZodOptional<z.ZodBoolean>;
        key: z.ZodOptional<z.ZodString>;
        depth: z.ZodOptional<z.ZodInt>;
        trusting: z.ZodOptional<z.ZodBoolean>;
        chain: z.ZodOptional<z.ZodUUID>;
    }, z.core.$strip>;
    "agent.run.resumed": z.ZodObject<{
        entityId: z.ZodUUID;
        questionId: z.ZodString;
        answer: z.ZodAny;
    }, z.core.$strip>;
    "agent.switched": z.ZodObject<{
        agent: z.ZodString;
        on: z.ZodBoolean;
        schedule: z.ZodOptional<z.ZodString>;
        scopes: z.ZodArray<z.ZodString>;
    }, z.core.$strip>;
    "chat.message.created": z.ZodObject<{
        entityId: z.ZodUUID;
        messageId: z.ZodUUID;
        role: z.ZodEnum<{
            user: "user";
            assistant: "assistant";
        }>;
        text: z.ZodString;
        runId: z.ZodOptional<z.ZodUUID>;
        tools: z.ZodDefault<z.ZodArray<z.ZodObject<{
            name: z.ZodString;
            arguments: z.ZodString;
            ok: z.ZodBoolean;
            result: z.ZodString;
        }, z.core.$strip>>>;
        citations: z.ZodDefault<z.ZodArray<z.ZodObject<{
            number: z.ZodInt;
            entityId: z.ZodUUID;
            entityType: z.ZodString;
            title: z.ZodString;
            passage: z.ZodString;
        }, z.core.$strip>>>;
        error: z.ZodOptional<z.ZodString>;
        tainted: z.ZodOptional<z.ZodBoolean>;
        key: z.ZodOptional<z.ZodString>;
        parentId: z.ZodOptional<z.ZodUUID>;
        others: z.ZodOptional<z.ZodBoolean>;
    }, z.core.$strip>;
    "chat.thread.created": z.ZodObject<{
        entityId: z.ZodUUID;
        title: z.ZodString;
    }, z.core.$strip>;
    "chat.thread.deleted": z.ZodObject<{
        entityId: z.ZodUUID;
    }, z.core.$strip>;
    "chat.thread.renamed": z.ZodObject<{
        entityId: z.ZodUUID;
        title: z.ZodString;
    }, z.core.$strip>;
    "chat.thread.trusted": z.ZodObject<{
        entityId: z.ZodUUID;
        trusted: z.ZodBoolean;
        key: z.ZodString;
    }, z.core.$strip>;
    "entity.creation.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
        type: z.ZodString;
        typeVersion: z.ZodInt;
        title: z.ZodString;
        data: z.ZodRecord<z.ZodString, z.ZodAny>;
    }, z.core.$strip>;
    "entity.creation.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "entity.creation.requested": z.ZodObject<{
        type: z.ZodString;
        data: z.ZodRecord<z.ZodString, z.ZodAny>;
    }, z.core.$strip>;
    "entity.deletion.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
    }, z.core.$strip>;
    "entity.deletion.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "entity.deletion.requested": z.ZodObject<{}, z.core.$strip>;
    "entity.indexing.completed": z.ZodObject<{
        type: z.ZodString;
        typeVersion: z.ZodInt;
    }, z.core.$strip>;
    "entity.update.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
        type: z.ZodString;
        typeVersion: z.ZodInt;
        title: z.ZodString;
        data: z.ZodRecord<z.ZodString, z.ZodAny>;
    }, z.core.$strip>;
    "entity.update.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "entity.update.requested": z.ZodObject<{
        type: z.ZodOptional<z.ZodString>;
        data: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    }, z.core.$strip>;
    "entity_type.backfill.completed": z.ZodObject<{
        name: z.ZodString;
        version: z.ZodInt;
        behind: z.ZodOptional<z.ZodUUID>;
    }, z.core.$strip>;
    "entity_type.backfill.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "entity_type.backfill.requested": z.ZodObject<{
        name: z.ZodString;
        version: z.ZodInt;
        behind: z.ZodOptional<z.ZodUUID>;
    }, z.core.$strip>;
    "entity_type.definition.completed": z.ZodObject<{
        name: z.ZodString;
        version: z.ZodInt;
        definition: z.ZodObject<{
            schema: z.ZodRecord<z.ZodString, z.ZodAny>;
            filters: z.ZodDefault<z.ZodArray<z.ZodString>>;
            sorts: z.ZodDefault<z.ZodArray<z.ZodString>>;
            lists: z.ZodDefault<z.ZodArray<z.ZodObject<{
                filter: z.ZodString;
                sort: z.ZodString;
            }, z.core.$strip>>>;
            title: z.ZodOptional<z.ZodString>;
            icon: z.ZodOptional<z.ZodString>;
        }, z.core.$strip>;
    }, z.core.$strip>;
    "entity_type.removal.completed": z.ZodObject<{
        name: z.ZodString;
    }, z.core.$strip>;
    "event_type.registration.completed": z.ZodObject<{
        name: z.ZodString;
        version: z.ZodInt;
        schema: z.ZodRecord<z.ZodString, z.ZodAny>;
    }, z.core.$strip>;
    "function.cancelled": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        status: z.ZodEnum<{
            failed: "failed";
            completed: "completed";
            cancelled: "cancelled";
        }>;
        eventId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodOptional<z.ZodString>;
        message: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "function.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        status: z.ZodEnum<{
            failed: "failed";
            completed: "completed";
            cancelled: "cancelled";
        }>;
        eventId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodOptional<z.ZodString>;
        message: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "function.finished": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        status: z.ZodEnum<{
            failed: "failed";
            completed: "completed";
            cancelled: "cancelled";
        }>;
        eventId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodOptional<z.ZodString>;
        message: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "function.invoked": z.ZodObject<{
        function: z.ZodString;
        data: z.ZodAny;
        runId: z.ZodUUID;
        step: z.ZodString;
        depth: z.ZodOptional<z.ZodInt>;
        sourceFunction: z.ZodOptional<z.ZodString>;
        sourceApp: z.ZodOptional<z.ZodString>;
        name: z.ZodOptional<z.ZodString>;
        expiresAt: z.ZodOptional<z.ZodISODateTime>;
        sdk: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
    }, z.core.$strip>;
    "function.paused": z.ZodObject<{
        function: z.ZodString;
    }, z.core.$strip>;
    "function.replayed": z.ZodObject<{
        function: z.ZodString;
        replayId: z.ZodUUID;
        fromPosition: z.ZodInt;
        toPosition: z.ZodInt;
    }, z.core.$strip>;
    "function.resumed": z.ZodObject<{
        function: z.ZodString;
    }, z.core.$strip>;
    "function.scheduled": z.ZodObject<{
        function: z.ZodString;
        cron: z.ZodString;
        scheduledAt: z.ZodISODateTime;
        missed: z.ZodDefault<z.ZodInt>;
    }, z.core.$strip>;
    "graph.thread.created": z.ZodObject<{
        threadId: z.ZodString;
        checkpointNs: z.ZodOptional<z.ZodString>;
        checkpointId: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "graph.thread.deleted": z.ZodObject<{
        threadId: z.ZodString;
        checkpointNs: z.ZodOptional<z.ZodString>;
        checkpointId: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "graph.thread.interrupted": z.ZodObject<{
        threadId: z.ZodString;
        checkpointNs: z.ZodOptional<z.ZodString>;
        checkpointId: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "graph.thread.resumed": z.ZodObject<{
        threadId: z.ZodString;
        checkpointNs: z.ZodOptional<z.ZodString>;
        checkpointId: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "inngest/http.request": z.ZodObject<{
        domain: z.ZodString;
        method: z.ZodString;
        path: z.ZodString;
        ip: z.ZodString;
        content_type: z.ZodString;
        query_params: z.ZodString;
        body: z.ZodString;
        fn: z.ZodString;
    }, z.core.$strip>;
    "key.creation.completed": z.ZodObject<{
        keyId: z.ZodUUID;
        name: z.ZodString;
        prefix: z.ZodString;
        hash: z.ZodString;
        scopes: z.ZodOptional<z.ZodArray<z.ZodString>>;
        expiresAt: z.ZodOptional<z.ZodISODateTime>;
        kind: z.ZodOptional<z.ZodEnum<{
            session: "session";
        }>>;
        parent: z.ZodOptional<z.ZodUUID>;
    }, z.core.$strip>;
    "key.revocation.completed": z.ZodObject<{
        keyId: z.ZodUUID;
    }, z.core.$strip>;
    "model.called": z.ZodObject<{
        callId: z.ZodUUID;
        capability: z.ZodEnum<{
            embed: "embed";
            chat: "chat";
        }>;
        provider: z.ZodString;
        wire: z.ZodString;
        model: z.ZodString;
        answeredBy: z.ZodOptional<z.ZodString>;
        day: z.ZodString;
        input: z.ZodInt;
        output: z.ZodInt;
        cached: z.ZodInt;
        cacheWritten: z.ZodOptional<z.ZodInt>;
        estimated: z.ZodBoolean;
        costNanos: z.ZodInt;
        ms: z.ZodInt;
        firstMs: z.ZodOptional<z.ZodInt>;
        finish: z.ZodEnum<{
            length: "length";
            error: "error";
            stop: "stop";
            other: "other";
            interrupted: "interrupted";
            cancelled: "cancelled";
            tools: "tools";
            filtered: "filtered";
        }>;
        error: z.ZodOptional<z.ZodString>;
        reason: z.ZodOptional<z.ZodString>;
        status: z.ZodOptional<z.ZodInt>;
        requestId: z.ZodOptional<z.ZodString>;
        requestHash: z.ZodString;
        attempts: z.ZodInt;
        chain: z.ZodOptional<z.ZodUUID>;
        key: z.ZodOptional<z.ZodString>;
        secrets: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "note.creation.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        title: z.ZodString;
        tags: z.ZodDefault<z.ZodArray<z.ZodString>>;
        properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        origin: z.ZodOptional<z.ZodObject<{
            path: z.ZodString;
            checksum: z.ZodString;
        }, z.core.$strip>>;
        preview: z.ZodString;
        file: z.ZodObject<{
            name: z.ZodString;
            size: z.ZodInt;
            checksum: z.ZodString;
        }, z.core.$strip>;
        given: z.ZodOptional<z.ZodArray<z.ZodString>>;
        textTags: z.ZodOptional<z.ZodArray<z.ZodString>>;
        ownTags: z.ZodOptional<z.ZodArray<z.ZodString>>;
        createdAt: z.ZodOptional<z.ZodISODateTime>;
        updatedAt: z.ZodOptional<z.ZodISODateTime>;
        version: z.ZodInt;
        at: z.ZodISODateTime;
        source: z.ZodString;
    }, z.core.$strip>;
    "note.creation.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "note.creation.requested": z.ZodObject<{
        text: z.ZodObject<{
            content: z.ZodOptional<z.ZodString>;
            file: z.ZodOptional<z.ZodObject<{
                name: z.ZodString;
                size: z.ZodInt;
                checksum: z.ZodString;
            }, z.core.$strip>>;
            preview: z.ZodOptional<z.ZodString>;
            present: z.ZodOptional<z.ZodObject<{
                tag: z.ZodOptional<z.ZodString>;
                to: z.ZodOptional<z.ZodString>;
                links: z.ZodOptional<z.ZodArray<z.ZodString>>;
                newTarget: z.ZodOptional<z.ZodString>;
            }, z.core.$strip>>;
        }, z.core.$strip>;
        title: z.ZodString;
        tags: z.ZodDefault<z.ZodArray<z.ZodString>>;
        properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        origin: z.ZodOptional<z.ZodObject<{
            path: z.ZodString;
            checksum: z.ZodString;
        }, z.core.$strip>>;
        given: z.ZodOptional<z.ZodArray<z.ZodString>>;
        ownTags: z.ZodOptional<z.ZodArray<z.ZodString>>;
        createdAt: z.ZodOptional<z.ZodISODateTime>;
        updatedAt: z.ZodOptional<z.ZodISODateTime>;
    }, z.core.$strip>;
    "note.deletion.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        at: z.ZodISODateTime;
    }, z.core.$strip>;
    "note.deletion.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "note.deletion.requested": z.ZodObject<{}, z.core.$strip>;
    "note.link_reading.completed": z.ZodObject<{
        behind: z.ZodOptional<z.ZodString>;
        read: z.ZodInt;
        found: z.ZodInt;
        unreadable: z.ZodInt;
    }, z.core.$strip>;
    "note.link_reading.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "note.link_reading.requested": z.ZodObject<{
        behind: z.ZodOptional<z.ZodString>;
        read: z.ZodInt;
        found: z.ZodInt;
        unreadable: z.ZodInt;
    }, z.core.$strip>;
    "note.links.found": z.ZodObject<{
        links: z.ZodArray<z.ZodObject<{
            target: z.ZodString;
            heading: z.ZodOptional<z.ZodString>;
            around: z.ZodString;
        }, z.core.$strip>>;
        renamed: z.ZodOptional<z.ZodObject<{
            from: z.ZodArray<z.ZodString>;
            to: z.ZodString;
        }, z.core.$strip>>;
    }, z.core.$strip>;
    "note.links.outdated": z.ZodObject<{
        title: z.ZodString;
        behind: z.ZodOptional<z.ZodUUID>;
        changed: z.ZodOptional<z.ZodInt>;
        left: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "note.links.renewed": z.ZodObject<{
        changed: z.ZodInt;
        left: z.ZodOptional<z.ZodInt>;
    }, z.core.$strip>;
    "note.name.awaited": z.ZodObject<{
        names: z.ZodArray<z.ZodString>;
    }, z.core.$strip>;
    "note.retagging.completed": z.ZodObject<{
        tag: z.ZodOptional<z.ZodString>;
        changed: z.ZodInt;
        left: z.ZodOptional<z.ZodInt>;
        below: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "note.retagging.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "note.retagging.requested": z.ZodObject<{
        tag: z.ZodString;
        to: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "note.tag_colouring.completed": z.ZodObject<{
        tag: z.ZodString;
        colour: z.ZodNullable<z.ZodEnum<{
            red: "red";
            orange: "orange";
            yellow: "yellow";
            green: "green";
            teal: "teal";
            blue: "blue";
            purple: "purple";
            pink: "pink";
            brown: "brown";
            grey: "grey";
        }>>;
    }, z.core.$strip>;
    "note.update.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        title: z.ZodOptional<z.ZodString>;
        tags: z.ZodOptional<z.ZodArray<z.ZodString>>;
        properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        origin: z.ZodOptional<z.ZodNullable<z.ZodObject<{
            path: z.ZodString;
            checksum: z.ZodString;
        }, z.core.$strip>>>;
        preview: z.ZodOptional<z.ZodString>;
        file: z.ZodOptional<z.ZodObject<{
            name: z.ZodString;
            size: z.ZodInt;
            checksum: z.ZodString;
        }, z.core.$strip>>;
        given: z.ZodOptional<z.ZodArray<z.ZodString>>;
        textTags: z.ZodOptional<z.ZodArray<z.ZodString>>;
        ownTags: z.ZodOptional<z.ZodArray<z.ZodString>>;
        createdAt: z.ZodOptional<z.ZodISODateTime>;
        updatedAt: z.ZodOptional<z.ZodISODateTime>;
        version: z.ZodInt;
        at: z.ZodISODateTime;
        source: z.ZodString;
    }, z.core.$strip>;
    "note.update.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "note.update.requested": z.ZodObject<{
        text: z.ZodOptional<z.ZodObject<{
            content: z.ZodOptional<z.ZodString>;
            file: z.ZodOptional<z.ZodObject<{
                name: z.ZodString;
                size: z.ZodInt;
                checksum: z.ZodString;
            }, z.core.$strip>>;
            preview: z.ZodOptional<z.ZodString>;
            present: z.ZodOptional<z.ZodObject<{
                tag: z.ZodOptional<z.ZodString>;
                to: z.ZodOptional<z.ZodString>;
                links: z.ZodOptional<z.ZodArray<z.ZodString>>;
                newTarget: z.ZodOptional<z.ZodString>;
            }, z.core.$strip>>;
        }, z.core.$strip>>;
        title: z.ZodOptional<z.ZodString>;
        tags: z.ZodOptional<z.ZodArray<z.ZodString>>;
        properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        origin: z.ZodOptional<z.ZodNullable<z.ZodObject<{
            path: z.ZodString;
            checksum: z.ZodString;
        }, z.core.$strip>>>;
        following: z.ZodOptional<z.ZodArray<z.ZodString>>;
        given: z.ZodOptional<z.ZodArray<z.ZodString>>;
        ownTags: z.ZodOptional<z.ZodArray<z.ZodString>>;
        createdAt: z.ZodOptional<z.ZodISODateTime>;
        updatedAt: z.ZodOptional<z.ZodISODateTime>;
    }, z.core.$strip>;
    "project.completion.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
        title: z.ZodString;
        description: z.ZodDefault<z.ZodString>;
        startDate: z.ZodOptional<z.ZodString>;
        endDate: z.ZodOptional<z.ZodString>;
        status: z.ZodDefault<z.ZodEnum<{
            active: "active";
            completed: "completed";
            paused: "paused";
        }>>;
    }, z.core.$strip>;
    "project.completion.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "project.completion.requested": z.ZodObject<{}, z.core.$strip>;
    "project.creation.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
        title: z.ZodString;
        description: z.ZodDefault<z.ZodString>;
        startDate: z.ZodOptional<z.ZodString>;
        endDate: z.ZodOptional<z.ZodString>;
        status: z.ZodDefault<z.ZodEnum<{
            active: "active";
            completed: "completed";
            paused: "paused";
        }>>;
    }, z.core.$strip>;
    "project.creation.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "project.creation.requested": z.ZodObject<{
        title: z.ZodString;
        description: z.ZodDefault<z.ZodString>;
        startDate: z.ZodOptional<z.ZodString>;
        endDate: z.ZodOptional<z.ZodString>;
        status: z.ZodDefault<z.ZodEnum<{
            active: "active";
            completed: "completed";
            paused: "paused";
        }>>;
    }, z.core.$strip>;
    "project.deletion.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
    }, z.core.$strip>;
    "project.deletion.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "project.deletion.requested": z.ZodObject<{}, z.core.$strip>;
    "project.reopening.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
        title: z.ZodString;
        description: z.ZodDefault<z.ZodString>;
        startDate: z.ZodOptional<z.ZodString>;
        endDate: z.ZodOptional<z.ZodString>;
        status: z.ZodDefault<z.ZodEnum<{
            active: "active";
            completed: "completed";
            paused: "paused";
        }>>;
    }, z.core.$strip>;
    "project.reopening.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "project.reopening.requested": z.ZodObject<{}, z.core.$strip>;
    "project.update.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
        title: z.ZodString;
        description: z.ZodDefault<z.ZodString>;
        startDate: z.ZodOptional<z.ZodString>;
        endDate: z.ZodOptional<z.ZodString>;
        status: z.ZodDefault<z.ZodEnum<{
            active: "active";
            completed: "completed";
            paused: "paused";
        }>>;
    }, z.core.$strip>;
    "project.update.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "project.update.requested": z.ZodObject<{
        title: z.ZodOptional<z.ZodString>;
        description: z.ZodOptional<z.ZodString>;
        startDate: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        endDate: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        status: z.ZodOptional<z.ZodEnum<{
            active: "active";
            completed: "completed";
            paused: "paused";
        }>>;
    }, z.core.$strip>;
    "proposal.acceptance.completed": z.ZodObject<{
        entityId: z.ZodOptional<z.ZodUUID>;
        requestId: z.ZodOptional<z.ZodUUID>;
        result: z.ZodAny;
    }, z.core.$strip>;
    "proposal.acceptance.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "proposal.acceptance.requested": z.ZodObject<{
        input: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        scopes: z.ZodArray<z.ZodString>;
    }, z.core.$strip>;
    "proposal.creation.completed": z.ZodObject<{
        procedure: z.ZodString;
        input: z.ZodRecord<z.ZodString, z.ZodAny>;
        reason: z.ZodOptional<z.ZodString>;
        entityType: z.ZodOptional<z.ZodString>;
        entityId: z.ZodOptional<z.ZodUUID>;
        baseVersion: z.ZodOptional<z.ZodInt>;
        expiresAt: z.ZodISODateTime;
        key: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "proposal.rejection.completed": z.ZodObject<{
        reason: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "proposal.withdrawal.completed": z.ZodObject<{}, z.core.$strip>;
    "relation.creation.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
        fromId: z.ZodUUID;
        toId: z.ZodUUID;
        type: z.ZodString;
        properties: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        validFrom: z.ZodOptional<z.ZodString>;
        validTo: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "relation.creation.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "relation.creation.requested": z.ZodObject<{
        fromId: z.ZodUUID;
        toId: z.ZodUUID;
        type: z.ZodString;
        properties: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        validFrom: z.ZodOptional<z.ZodString>;
        validTo: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "relation.deletion.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
    }, z.core.$strip>;
    "relation.deletion.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "relation.deletion.requested": z.ZodObject<{}, z.core.$strip>;
    "relation.update.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
        fromId: z.ZodUUID;
        toId: z.ZodUUID;
        type: z.ZodString;
        properties: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodAny>>;
        validFrom: z.ZodOptional<z.ZodString>;
        validTo: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "relation.update.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "relation.update.requested": z.ZodObject<{
        fromId: z.ZodOptional<z.ZodUUID>;
        toId: z.ZodOptional<z.ZodUUID>;
        type: z.ZodOptional<z.ZodString>;
        properties: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodAny>>;
        validFrom: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        validTo: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    }, z.core.$strip>;
    "run.discarded": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        ofRunId: z.ZodOptional<z.ZodUUID>;
        fromStep: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "run.rerun": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        ofRunId: z.ZodOptional<z.ZodUUID>;
        fromStep: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "run.retried": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        ofRunId: z.ZodOptional<z.ZodUUID>;
        fromStep: z.ZodOptional<z.ZodString>;
    }, z.core.$strip>;
    "signal.sent": z.ZodObject<{
        signal: z.ZodString;
        data: z.ZodAny;
    }, z.core.$strip>;
    "store_item.deletion.completed": z.ZodObject<{
        namespace: z.ZodArray<z.ZodString>;
        key: z.ZodString;
    }, z.core.$strip>;
    "store_item.put.completed": z.ZodObject<{
        namespace: z.ZodArray<z.ZodString>;
        key: z.ZodString;
        value: z.ZodRecord<z.ZodString, z.ZodAny>;
        index: z.ZodOptional<z.ZodArray<z.ZodString>>;
    }, z.core.$strip>;
    "task.completion.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
        title: z.ZodString;
        description: z.ZodDefault<z.ZodString>;
        dueDate: z.ZodOptional<z.ZodString>;
        priority: z.ZodDefault<z.ZodEnum<{
            normal: "normal";
            high: "high";
            low: "low";
            urgent: "urgent";
        }>>;
        status: z.ZodDefault<z.ZodEnum<{
            open: "open";
            done: "done";
            in_progress: "in_progress";
        }>>;
        projectId: z.ZodOptional<z.ZodUUID>;
    }, z.core.$strip>;
    "task.completion.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "task.completion.requested": z.ZodObject<{}, z.core.$strip>;
    "task.creation.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
        title: z.ZodString;
        description: z.ZodDefault<z.ZodString>;
        dueDate: z.ZodOptional<z.ZodString>;
        priority: z.ZodDefault<z.ZodEnum<{
            normal: "normal";
            high: "high";
            low: "low";
            urgent: "urgent";
        }>>;
        status: z.ZodDefault<z.ZodEnum<{
            open: "open";
            done: "done";
            in_progress: "in_progress";
        }>>;
        projectId: z.ZodOptional<z.ZodUUID>;
    }, z.core.$strip>;
    "task.creation.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "task.creation.requested": z.ZodObject<{
        title: z.ZodString;
        description: z.ZodDefault<z.ZodString>;
        dueDate: z.ZodOptional<z.ZodString>;
        priority: z.ZodDefault<z.ZodEnum<{
            normal: "normal";
            high: "high";
            low: "low";
            urgent: "urgent";
        }>>;
        status: z.ZodDefault<z.ZodEnum<{
            open: "open";
            done: "done";
            in_progress: "in_progress";
        }>>;
        projectId: z.ZodOptional<z.ZodUUID>;
    }, z.core.$strip>;
    "task.deletion.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
    }, z.core.$strip>;
    "task.deletion.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "task.deletion.requested": z.ZodObject<{}, z.core.$strip>;
    "task.reopening.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
        title: z.ZodString;
        description: z.ZodDefault<z.ZodString>;
        dueDate: z.ZodOptional<z.ZodString>;
        priority: z.ZodDefault<z.ZodEnum<{
            normal: "normal";
            high: "high";
            low: "low";
            urgent: "urgent";
        }>>;
        status: z.ZodDefault<z.ZodEnum<{
            open: "open";
            done: "done";
            in_progress: "in_progress";
        }>>;
        projectId: z.ZodOptional<z.ZodUUID>;
    }, z.core.$strip>;
    "task.reopening.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "task.reopening.requested": z.ZodObject<{}, z.core.$strip>;
    "task.update.completed": z.ZodObject<{
        entityId: z.ZodUUID;
        version: z.ZodInt;
        title: z.ZodString;
        description: z.ZodDefault<z.ZodString>;
        dueDate: z.ZodOptional<z.ZodString>;
        priority: z.ZodDefault<z.ZodEnum<{
            normal: "normal";
            high: "high";
            low: "low";
            urgent: "urgent";
        }>>;
        status: z.ZodDefault<z.ZodEnum<{
            open: "open";
            done: "done";
            in_progress: "in_progress";
        }>>;
        projectId: z.ZodOptional<z.ZodUUID>;
    }, z.core.$strip>;
    "task.update.failed": z.ZodObject<{
        function: z.ZodString;
        runId: z.ZodUUID;
        attempts: z.ZodInt;
        name: z.ZodString;
        message: z.ZodString;
    }, z.core.$strip>;
    "task.update.requested": z.ZodObject<{
        title: z.ZodOptional<z.ZodString>;
        description: z.ZodOptional<z.ZodString>;
        dueDate: z.ZodOptional<z.ZodNullable<z.ZodString>>;
        priority: z.ZodOptional<z.ZodEnum<{
            normal: "normal";
            high: "high";
            low: "low";
            urgent: "urgent";
        }>>;
        status: z.ZodOptional<z.ZodEnum<{
            open: "open";
            done: "done";
            in_progress: "in_progress";
        }>>;
        projectId: z.ZodOptional<z.ZodNullable<z.ZodUUID>>;
    }, z.core.$strip>;
    "user.creation.completed": z.ZodObject<{
        userId: z.ZodString;
        name: z.ZodString;
        role: z.ZodEnum<{
            owner: "owner";
            member: "member";
        }>;
    }, z.core.$strip>;
    "worker_app.removal.completed": z.ZodObject<{
        app: z.ZodString;
    }, z.core.$strip>;
    "worker_app.sync.completed": z.ZodObject<{
        app: z.ZodString;
        url: z.ZodString;
        sdk: z.ZodString;
        framework: z.ZodString;
        version: z.ZodString;
        functions: z.ZodArray<z.ZodRecord<z.ZodString, z.ZodAny>>;
        checksum: z.ZodString;
    }, z.core.$strip>;
};
