using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Yggdrasil.LocalHost.Engine.Storage;

/// <summary>The database cannot be written just now, because the disk is full or does not write; what it holds is whole.</summary>
internal sealed class NoRoomException(SqliteException cause) : IOException("The orchestrations' database cannot be written: the disk is full, or does not write.", cause)
{
    public int ErrorCode => cause.SqliteErrorCode;

    public static bool Is(SqliteException failure) => failure.SqliteErrorCode is raw.SQLITE_FULL or raw.SQLITE_IOERR;
}
