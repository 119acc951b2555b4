namespace Yggdrasil.Contract.Tests;

// The contract holds whoever authenticates its callers: each class of it runs a second time, with tokens of a real issuer.

[Collection(JwtLocalHost.Name)]
public sealed class AgentContractUnderJwtTests(JwtContractFixture app) : AgentContractTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class BadInputUnderJwtTests(JwtContractFixture app) : BadInputTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class EventContractUnderJwtTests(JwtContractFixture app) : EventContractTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class EventTicketUnderJwtTests(JwtContractFixture app) : EventTicketContractTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class IdempotencyUnderJwtTests(JwtContractFixture app) : IdempotencyTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class RunContractUnderJwtTests(JwtContractFixture app) : RunContractTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class AdminUnderJwtTests(JwtContractFixture app) : AdminTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class SharingUnderJwtTests(JwtContractFixture app) : SharingTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class TenancyUnderJwtTests(JwtContractFixture app) : TenancyTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class ConversationUnderJwtTests(JwtContractFixture app) : ConversationTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class UserDataUnderJwtTests(JwtContractFixture app) : UserDataContractTests(app);
