using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Tests.Problems;

public sealed class FieldErrorsTests
{
    [Fact]
    public void Errors_are_bounded_in_number_and_length_whatever_they_quote()
    {
        var errors = new FieldErrors();
        for (var i = 0; i < 10_000; i++)
        {
            errors.Add(new string('f', 300), $"Message {i}. {new string('x', 1_000)}");
            errors.Add($"field{i}", "Wrong.");
            errors.Add($"field{i}", "Wrong.");
        }

        var told = Assert.Throws<InvalidRequestException>(errors.ThrowIfAny).Errors;

        Assert.True(errors.IsFull);
        Assert.Equal(50, told.Count);
        Assert.Equal(["Wrong."], told["field0"]);
        Assert.All(told, field => Assert.InRange(field.Key.Length, 1, 201));
        Assert.All(told.Values, messages => Assert.InRange(messages.Length, 1, 5));
        Assert.All(told.Values.SelectMany(messages => messages), message => Assert.InRange(message.Length, 1, 601));
    }
}
