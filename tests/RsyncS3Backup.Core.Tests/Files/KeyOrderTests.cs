using System.Text;
using FsCheck.Xunit;
using RsyncS3Backup.Files;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Files;

public sealed class KeyOrderTests
{
    [Theory]
    [InlineData("a", "b")]
    [InlineData("a", "ab")]
    [InlineData("a.txt", "a/")]
    [InlineData("", "a")]
    [InlineData("\uFF5E", "😀")]
    [InlineData("\uE000", "\U00010000")]
    [InlineData("é", "\uFFFD")]
    public void Sorts_as_the_UTF8_bytes_do(string first, string second)
    {
        Assert.True(KeyOrder.Compare(first, second) < 0);
        Assert.True(KeyOrder.Compare(second, first) > 0);
    }

    [Property(MaxTest = 2000)]
    public bool Agrees_with_a_comparison_of_bytes(string? left, string? right)
    {
        // Lone surrogates have no UTF-8 form, so no key has them.
        string validLeft = Valid(left);
        string validRight = Valid(right);
        int expected = Encoding.UTF8.GetBytes(validLeft).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(validRight));
        return Math.Sign(KeyOrder.Compare(validLeft, validRight)) == Math.Sign(expected);
    }

    [Fact]
    public void Agrees_with_a_comparison_of_bytes_for_every_pair_of_hostile_code_points()
    {
        int[] codePoints = [0x1, 0x20, 0x2E, 0x2F, 0x30, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF];
        foreach (int left in codePoints)
        {
            foreach (int right in codePoints)
            {
                string first = "x" + char.ConvertFromUtf32(left);
                string second = "x" + char.ConvertFromUtf32(right);
                int expected = Encoding.UTF8.GetBytes(first).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(second));
                Assert.Equal(Math.Sign(expected), Math.Sign(KeyOrder.Compare(first, second)));
            }
        }
    }

    private static string Valid(string? text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text ?? ""));
}
