namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>Where an event stands in a response's stream, as its <c>sequence_number</c> says it: the same for whoever reads, and whenever.</summary>
/// <remarks>
/// Deltas are not stored, so their numbers are not counted: a number is <c>128 · position + mark</c>. A structural event takes one position; text
/// takes one for each character, so that a delta stands at the position of its last one. The mark tells which attempt of which turn said it, and
/// is 0 for what is no text. Thus a reader who comes back with a number in the middle of a text is given the rest of it, unless another attempt
/// has written the text anew since.
/// </remarks>
internal readonly record struct ResponsePosition(int Position, int Mark)
{
    private const int Marks = 128;

    public int Number => (Position * Marks) + Mark;

    public static ResponsePosition Of(int number) => new(number / Marks, number % Marks);

    /// <param name="epoch">Of the run's driver that asked.</param>
    public static int MarkOf(int turn, int epoch) => (Marks / 2) + (turn % 8 * 8) + (epoch % 8);

    /// <summary>Whether this is text of a turn that another driver asked for.</summary>
    public bool IsOtherAttempt(int turn, int epoch) => Mark != 0 && (Mark - (Marks / 2)) / 8 == turn % 8 && Mark != MarkOf(turn, epoch);
}
