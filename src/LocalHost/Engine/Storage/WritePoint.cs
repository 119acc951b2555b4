namespace Yggdrasil.LocalHost.Engine.Storage;

/// <summary>The two sides of a commit: a process may die on either.</summary>
internal enum WritePoint
{
    BeforeCommit,
    AfterCommit,
}
