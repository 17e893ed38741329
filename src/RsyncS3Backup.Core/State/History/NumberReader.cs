using System.Text.Json;

namespace RsyncS3Backup.State.History;

/// <summary>Reads an array of numbers from left to right.</summary>
internal ref struct NumberReader
{
    private Utf8JsonReader json;

    public NumberReader(ReadOnlySpan<byte> array)
    {
        json = new Utf8JsonReader(array);
        json.Read();
    }

    public long Next()
    {
        json.Read();
        return json.GetInt64();
    }

    /// <summary>The next one, or another where the array ends: a row of before there was this number.</summary>
    public long NextOr(long fallback)
    {
        json.Read();
        return json.TokenType == JsonTokenType.EndArray ? fallback : json.GetInt64();
    }

    public decimal NextDecimal()
    {
        json.Read();
        return json.GetDecimal();
    }
}
